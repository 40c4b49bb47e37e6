{# Which users are learned from, as of which days. #}
{% macro training_spine_ctes() %}
history as (

    select min(usable_on) as first_day from purchases

),

cutoffs as (

    select {{ add_days('clock.as_of', '-28 - steps.step * ' ~ var('training_cutoff_every_days')) }} as cutoff
    from clock
    cross join range(0, {{ var('training_max_cutoffs') }}) as steps(step)  -- noqa: AL05
    cross join history
    where
        {{ add_days('clock.as_of', '-28 - steps.step * ' ~ var('training_cutoff_every_days')) }}
        >= {{ add_days('history.first_day', var('training_min_history_days')) }}

),

-- The same users at every cutoff and in every run, whatever order they are stored in.
sampled_users as (

    select user_key, user_id
    from users
    qualify row_number() over (order by md5(user_id), user_id) <= {{ var('training_max_users') }}

),

first_purchases as (

    select identity_keys.user_key, min(purchases.usable_on) as first_day
    from purchases
    inner join identity_keys on purchases.identity_key = identity_keys.identity_key
    group by identity_keys.user_key

),

spine as (

    select sampled_users.user_key, cutoffs.cutoff
    from sampled_users
    inner join first_purchases on sampled_users.user_key = first_purchases.user_key
    inner join cutoffs on first_purchases.first_day <= cutoffs.cutoff

)
{%- endmacro %}

{% macro training_final_cte() %}
final as (

    select
        users.user_id,
        features.cutoff,
        features.has_purchase,
        {%- for name in feature_columns() %}
        features.{{ name }},
        {%- endfor %}
        coalesce(labels.spend_next_28d, 0) as label_spend_next_28d
    from features
    inner join users on features.user_key = users.user_key
    left join labels on features.user_key = labels.user_key and features.cutoff = labels.cutoff

)
{%- endmacro %}

{# Which users are learned from, as of which days. #}
{% macro training_cutoffs_ctes() %}
history as (

    select min(usable_on) as first_day from {{ ref('int_daily_purchases') }}

),

cutoffs as (

    select {{ add_days('clock.as_of', '-28 - steps.step * ' ~ var('training_cutoff_every_days')) }} as cutoff
    from clock
    cross join range(0, {{ var('training_max_cutoffs') }}) as steps(step)  -- noqa: AL05
    cross join history
    where
        {{ add_days('clock.as_of', '-28 - steps.step * ' ~ var('training_cutoff_every_days')) }}
        >= {{ add_days('history.first_day', var('training_min_history_days')) }}

)
{%- endmacro %}

{% macro training_spine_ctes() %}
users as (

    {% if var('strict_as_of') -%}
    -- also those that were thought to be users of their own then
    select identifier_id as user_key, {{ user_id_of('ledger') }} as user_id
    from {{ ref('int_identifiers') }} as ledger
    where identifier_id in (select user_key from identity_keys)
    {%- else -%}
    select * from {{ ref('int_users') }}
    {%- endif %}

),

-- the same users at every cutoff
sampled_users as (

    select user_key, user_id
    from (
        {{ sampled_users('users') }}
    ) as sampled

),

first_purchases as (

    select identity_keys.user_key, {{ 'identity_keys.cutoff, ' if var('strict_as_of') }}min(purchases.usable_on) as first_day
    from purchases
    inner join identity_keys on purchases.identity_key = identity_keys.identity_key
    group by identity_keys.user_key {{- ', identity_keys.cutoff' if var('strict_as_of') }}

),

spine as (

    select sampled_users.user_key, cutoffs.cutoff
    from sampled_users
    inner join first_purchases on sampled_users.user_key = first_purchases.user_key
    inner join cutoffs
        on
            first_purchases.first_day <= cutoffs.cutoff
            {{- ' and first_purchases.cutoff = cutoffs.cutoff' if var('strict_as_of') }}
    {{ only_touched('sampled_users', ['user_id']) }}

)
{%- endmacro %}

{# What was spent in the 28 days after each cutoff. In strict mode by the identifiers that were the user's then, and by
   those nobody knew yet that have turned out to be: each purchase is one user's label. #}
{% macro training_labels_cte() %}
{%- if var('strict_as_of') %}
label_keys as (

    select identity_key, user_key, cutoff from identity_keys

    union all

    select later.identity_key, later.user_key, cutoffs.cutoff
    from {{ ref('int_identity_keys') }} as later
    cross join cutoffs
    where not exists (
        select 1 from identity_keys
        where identity_keys.identity_key = later.identity_key and identity_keys.cutoff = cutoffs.cutoff
    )

),

{% endif -%}
{%- set keys = 'label_keys' if var('strict_as_of') else 'identity_keys' -%}
labels as (

    select
        spine.user_key,
        spine.cutoff,
        cast(sum(purchases.spend) as double) as spend_next_28d
    from spine
    inner join {{ keys }} on spine.user_key = {{ keys }}.user_key {{- ' and spine.cutoff = label_keys.cutoff' if var('strict_as_of') }}
    inner join purchases
        on
            {{ keys }}.identity_key = purchases.identity_key
            and spine.cutoff < purchases.occurred_on
            and {{ add_days('spine.cutoff', 28) }} >= purchases.occurred_on
    group by spine.user_key, spine.cutoff

)
{%- endmacro %}

{# User ids are hashes, so the first of them are a random sample, the same in every run. #}
{% macro sampled_users(users) -%}
  select user_key, user_id from {{ users }} order by user_id limit {{ var('training_max_users') }}
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

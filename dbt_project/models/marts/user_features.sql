{{ config(materialized='tracked', key=['user_id'], slices={'of': 'int_users', 'by': 'user_key', 'var': 'users_at_once'}) }}
{{ depends_on_value(features_depend_on()) }}
{{ touched_users(buyers_touched() ~ ' union ' ~ visitors_touched()) }}

-- Features of every user as of now: features_as_of() with one cutoff. training_examples is the same with many.
with clock as (

    select * from {{ ref('int_clock') }}

),

cutoffs as (

    select as_of as cutoff from clock

),

users as (

    select * from {{ ref('int_users') }}
    {{ only_touched('int_users', ['user_key']) }}

),

{{ identity_keys_cte('cutoffs') }},

{{ feature_inputs_ctes() }},

spine as (

    select
        users.user_key,
        clock.as_of as cutoff
    from users
    cross join clock

),

{{ features_as_of('spine') }},

final as (

    select
        users.user_id,
        features.cutoff as as_of,
        features.has_purchase
        {%- for name in feature_columns() %},
        features.{{ name }}
        {%- endfor %}
    from features
    inner join users on features.user_key = users.user_key

)

select * from final

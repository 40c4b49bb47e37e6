{{ config(key=['user_id']) }}
{{ depends_on_value(features_depend_on()) }}
{{ touched_users(buyers_touched()) }}

-- What each user bought in windows of days, build by build.
with {{ history_clock_cte() }},

features as (

    select * from {{ ref('user_features') }}
    {{ only_touched('user_features', ['user_id']) }}

),

{{ history_kept_ctes('windows') }}

select * from kept

{{ config(key=['user_id']) }}
{{ depends_on_value(features_depend_on()) }}
{{ touched_users() }}

-- How each user used the website, build by build.
with {{ history_clock_cte() }},

features as (

    select * from {{ ref('user_features') }}
    {{ only_touched('user_features', ['user_id']) }}

),

{{ history_kept_ctes('visits') }}

select * from kept

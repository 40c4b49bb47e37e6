{{ config(key=['user_id']) }}
{{ depends_on_value(features_depend_on()) }}
{{ touched(features_touched()) }}

-- How each user used the website, build by build.
with {{ history_clock_cte() }},

features as (

    select * from {{ ref('user_features') }}
    {{ only_features_touched() }}

),

{{ history_kept_ctes('visits') }}

select * from kept

{{ config(key=['user_id']) }}
{{ depends_on_value(features_depend_on()) }}
{{ touched(features_touched()) }}

-- What each user bought since ever, and weighted averages, build by build.
with {{ history_clock_cte() }},

features as (

    select * from {{ ref('user_features') }}
    {{ only_features_touched() }}

),

{{ history_kept_ctes('purchases') }},

final as (

    select kept.*, features.has_purchase
    from kept
    inner join features on kept.user_id = features.user_id

)

select * from final

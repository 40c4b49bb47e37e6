{{ config(materialized='view') }}

-- user_features as it was on each day that a build spoke for; see user_profile_history.
with {{ history_days_cte() }},

seen as {{ inlined() }} (

    select profiles.user_id, days.*
    from days
    inner join {{ history_ref('profiles') }} as profiles on {{ seen_by('profiles', 'days') }}

),

final as (

    select
        seen.user_id,
        seen.valid_from,
        seen.valid_to,
        seen.recorded_at,
        seen.day as as_of,
        purchases.has_purchase
        {{- history_features('seen') }}
    from seen
    {{- history_joins('seen', ['profiles', 'purchases', 'windows', 'visits']) }}

)

select * from final

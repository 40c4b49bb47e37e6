{{ config(materialized='view') }}

-- user_profile as it was on each day that a build spoke for. What was kept are intervals (macros/history); the rows are put together when
-- they are read, so filter by day: valid_from <= D and coalesce(valid_to > D, true).
with {{ history_days_cte() }},

profiles as (

    select * from {{ history_ref('profiles') }}

),

scores as (

    select * from {{ history_ref('scores') }}
    where task = 'spend_next_28d' and is_user

),

segments as (

    select * from {{ history_ref('segments') }}
    where task = 'audience_segments'

),

scored as {{ inlined() }} (

    select
        profiles.user_id,
        days.day,
        days.valid_from,
        days.valid_to,
        days.build_id,
        days.recorded_at,
        days.data_days,
        scores.score,
        scores.percentile,
        segments.segment
    from days
    inner join profiles on {{ seen_by('profiles', 'days') }}
    left join scores on profiles.user_id = scores.user_id and {{ seen_by('scores', 'days') }}
    left join segments on profiles.user_id = segments.user_id and {{ seen_by('segments', 'days') }}

),

final as (

    select
        scored.user_id,
        scored.valid_from,
        scored.valid_to,
        scored.recorded_at,
        {% for attribute in profile_columns_of_users() %}
        profiles.{{ attribute }},
        {% endfor %}
        scored.score as score_spend_next_28d,
        scored.percentile as percentile_spend_next_28d,
        scored.segment,
        profiles.top_categories,
        scored.day as as_of,
        purchases.has_purchase
        {{- history_features('scored', without=profile_columns_of_users()) }}
    from scored
    {{- history_joins('scored', ['profiles', 'purchases', 'windows', 'visits']) }}

)

select * from final

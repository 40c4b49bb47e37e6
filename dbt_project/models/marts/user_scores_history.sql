{{ config(materialized='view') }}

-- user_scores as it was on each day that a build spoke for; see user_profile_history.
with {{ history_days_cte() }},

scores as (

    select * from {{ history_ref('scores') }}

),

final as (

    select
        scores.user_id,
        scores.task,
        days.valid_from,
        days.valid_to,
        days.recorded_at,
        scores.score,
        scores.percentile,
        case when scores.is_raw then scores.as_of else coalesce(scores.as_of, days.day) end as as_of,
        case
            when scores.is_raw then scores.scored_at
            -- by its key alone a map gives a list in DuckDB before 1.2, which reads the published view, too
            else coalesce(scores.scored_at, map_extract(days.scored_at, scores.task)[1])
        end as scored_at,
        scores.model_id,
        scores.candidate
    from days
    inner join scores on {{ seen_by('scores', 'days') }}

)

select * from final

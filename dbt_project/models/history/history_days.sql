{{ config(materialized='recorded_days', recorded=[
    'history_profiles', 'history_purchases', 'history_windows', 'history_visits', 'history_scores', 'history_segments',
]) }}

-- depends_on: {{ ref('history_profiles') }}, {{ ref('history_purchases') }}, {{ ref('history_windows') }}
-- depends_on: {{ ref('history_visits') }}, {{ ref('history_segments') }}, {{ ref('history_scores') }}
-- Which build speaks for which day, and what that day's figures are told from.
with {{ history_clock_cte() }},

{{ score_times_cte() }},

times as (

    select map_from_entries(list(row(task, usual_scored_at) order by task)) as scored_at from score_times

),

final as (

    select
        clock.as_of as day,
        cast(timezone('UTC', now()) as timestamp) as recorded_at,
        clock.data_days,
        times.scored_at
    from clock
    cross join times
    where clock.as_of is not null

)

select * from final

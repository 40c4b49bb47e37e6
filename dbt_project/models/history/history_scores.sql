{{ config(key=['user_id', 'task']) }}
{{ depends_on_value(scores_depend_on()) }}
{{ touched(written_since('user_scores', 'scored_at')) }}

-- The score of each user and task, build by build. The time that most of the scores of a day were made at is not kept.
with clock as (

    select * from {{ ref('int_clock') }}

),

users as (

    select user_id from {{ ref('dim_users') }}

),

scores as (

    select * from {{ ref('user_scores') }}
    {{ only_touched('user_scores', ['user_id']) }}

),

{{ score_times_cte() }},

timed as (

    select
        scores.*,
        clock.as_of as today,
        score_times.usual_scored_at,
        users.user_id is not null as is_user
    from scores
    inner join score_times on scores.task = score_times.task
    cross join clock
    left join users on scores.user_id = users.user_id

),

final as (

    select
        user_id,
        task,
        is_user,
        score,
        model_id,
        candidate,
        as_of is null or scored_at is null or percentile is null as is_raw,
        case when as_of <> today or is_raw then as_of end as as_of,
        case when scored_at <> usual_scored_at or is_raw then scored_at end as scored_at,
        -- as it was when the score was made, among everybody's of that moment: no later look can tell it
        percentile
    from timed

)

select * from final

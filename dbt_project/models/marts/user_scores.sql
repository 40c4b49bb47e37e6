-- What each serving model says of each user. Building it scores anew whose features changed (macro rescored).
-- depends_on: {{ ref('user_features') }}
{{ config(materialized='view', pre_hook="{{ rescored() }}") }}

with scores as (

    select * from {{ source('ml', 'scores') }}

),

models as (

    select * from {{ source('ml', 'models') }}

),

final as (

    select
        scores.user_id,
        scores.task,
        scores.score,
        scores.percentile,
        scores.as_of,
        scores.scored_at,
        models.model_id,
        models.candidate
    from scores
    inner join models on scores.model_id = models.model_id
    where models.serving

)

select * from final

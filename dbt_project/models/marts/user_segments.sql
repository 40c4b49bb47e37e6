{{ config(materialized='view') }}

-- Everyone's segment in words. A view, so that a training shows as soon as it is written.
with segments as (

    select * from {{ source('ml', 'segments') }}

),

profiles as (

    select * from {{ source('ml', 'segment_profiles') }}

),

final as (

    select
        segments.user_id,
        segments.task,
        segments.segment,
        profiles.description,
        profiles.users,
        profiles.share,
        profiles.value,
        segments.distance,
        segments.model_id,
        segments.assigned_at,
        segments.as_of
    from segments
    left join profiles
        on
            segments.task = profiles.task
            and segments.segment = profiles.segment
            and segments.model_id = profiles.model_id

)

select * from final

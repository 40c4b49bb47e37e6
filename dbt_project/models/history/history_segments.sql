{{ config(key=['user_id', 'task']) }}
{{ depends_on_value(written_last('user_segments', 'assigned_at')) }}
{{ touched('select user_id from ' ~ update_ref('dim_users') ~ ' where false') }}

-- The segment of each user and task, build by build.
with segments as (

    select * from {{ ref('user_segments') }}

),

final as (

    select user_id, task, segment, model_id
    from segments

)

select * from final

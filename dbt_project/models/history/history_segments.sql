{{ config(key=['user_id', 'task']) }}
{{ depends_on_value(serving_models('user_segments')) }}
{{ touched(written_since('user_segments', 'assigned_at')) }}

-- The segment of each user and task, build by build.
with users as (

    select user_id from {{ ref('dim_users') }}

),

segments as (

    select * from {{ ref('user_segments') }}
    {{ only_touched('user_segments', ['user_id']) }}

),

final as (

    select
        segments.user_id,
        segments.task,
        users.user_id is not null as is_user,
        segments.segment,
        segments.model_id
    from segments
    left join users on segments.user_id = users.user_id

)

select * from final

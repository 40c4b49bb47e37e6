{{ config(key=['user_id', 'task']) }}
{{ depends_on_value(serving_models('user_segments')) }}
{{ touched(written_since('user_segments', 'assigned_at')) }}

-- The segment of each user and task, build by build.
with segments as (

    select * from {{ ref('user_segments') }}

),

final as (

    select user_id, task, segment, model_id
    from segments
    {{ only_touched('segments', ['user_id']) }}

)

select * from final

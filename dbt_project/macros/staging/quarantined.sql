{# Every record of one entity that was set aside, from both places where that happens: reading the file, and staging. #}
{% macro quarantined(source_name, entity) %}
with

staged as (

    select * from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}

),

unread as (

    select * from {{ source('landing', 'load_errors') }}

),

final as (

    select
        '{{ source_name }}' as source, '{{ entity }}' as entity, _batch_id as batch_id, _file as file, _row as row_number,
        split_part(_problem, ':', 2) as column_name,
        split_part(_problem, ':', 1) as reason,
        cast(null as varchar) as detail,
        _loaded_at as loaded_at
    from staged
    where _status = 'quarantined'

    union all

    select source, entity, batch_id, file, row as row_number, column_name, reason, detail, loaded_at
    from unread
    where source = '{{ source_name }}' and entity = '{{ entity }}'

)

select * from final
{%- endmacro %}

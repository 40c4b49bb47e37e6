{{ config(materialized='tracked', whole=true, stamped=false) }}
with unread as (

    select * from {{ source('landing', 'load_errors') }}

),

misplaced as (

    -- files of a source or entity that nobody declared: a mistyped folder would otherwise go unseen
    select source, entity, batch_id, file, row as row_number, column_name, reason, detail, loaded_at
    from unread
    where coalesce(source, '') || '.' || coalesce(entity, '') not in (
        {% for source_name, entity in staged_entities() %}
        '{{ source_name }}.{{ entity }}'{{ ',' if not loop.last }}
        {% endfor %}
    )

),

final as (

    {% for source_name, entity in staged_entities() %}
    select source, entity, batch_id, file, row_number, column_name, reason, detail, loaded_at
    from {{ ref('quarantine_' ~ source_name ~ '__' ~ entity) }}
    union all
    {% endfor %}
    select * from misplaced

)

select * from final

{{ config(materialized='tracked', whole=true, stamped=false) }}
-- Where every landed record went, by source entity and batch: landed = shaped + quarantined + duplicates.
with files as (

    select * from {{ ref('landing_files') }}

),

landed as (

    select source, entity, batch_id, sum(rows) as landed
    from files
    where status = 'taken'
    group by source, entity, batch_id

),

quarantined as (

    select source, entity, batch_id, count(*) as quarantined
    from {{ ref('quarantined_rows') }}
    where row_number is not null
    group by source, entity, batch_id

),

staged as (

    {% for source_name, entity in staged_entities() %}
    select
        '{{ source_name }}' as source,
        '{{ entity }}' as entity,
        _batch_id as batch_id,
        sum(case when _status = 'shaped' then 1 else 0 end) as shaped,
        sum(case when _status = 'duplicate' then 1 else 0 end) as duplicates
    from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
    group by _batch_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        landed.source,
        landed.entity,
        landed.batch_id,
        cast(landed.landed as bigint) as landed,
        cast(coalesce(staged.shaped, 0) as bigint) as shaped,
        cast(coalesce(quarantined.quarantined, 0) as bigint) as quarantined,
        cast(coalesce(staged.duplicates, 0) as bigint) as duplicates
    from landed
    left join staged
        on landed.source = staged.source and landed.entity = staged.entity and landed.batch_id = staged.batch_id
    left join quarantined
        on
            landed.source = quarantined.source
            and landed.entity = quarantined.entity
            and landed.batch_id = quarantined.batch_id

)

select * from final

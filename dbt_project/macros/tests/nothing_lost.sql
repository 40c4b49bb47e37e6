{# Invariant 1, per batch: records counted in the files = rows in the shape + quarantined + duplicates.
   A row without one of these verdicts is lost, too. The left side is counted by the loader when it reads a file, the right side from what the models hold. #}
{% test nothing_lost(model, source_name, entity) %}
with landed as (

    select batch_id, sum(rows) as records
    from {{ ref('landing_files') }}
    where source = '{{ source_name }}' and entity = '{{ entity }}' and status = 'taken'
    group by batch_id

),

accounted as (

    select batch_id, count(*) as records, count(verdict) as judged
    from (
        select
            _batch_id as batch_id,
            case when _status in ('shaped', 'quarantined', 'duplicate') then 1 end as verdict
        from {{ model }}
        union all
        select batch_id, 1 as verdict from {{ source('landing', 'load_errors') }}
        where source = '{{ source_name }}' and entity = '{{ entity }}' and row is not null
    ) as each_record
    group by batch_id

)

select
    coalesce(landed.batch_id, accounted.batch_id) as batch_id,
    coalesce(landed.records, 0) as landed,
    coalesce(accounted.records, 0) as accounted,
    coalesce(accounted.judged, 0) as judged
from landed
full outer join accounted on landed.batch_id = accounted.batch_id
where
    coalesce(landed.records, 0) <> coalesce(accounted.records, 0)
    or coalesce(landed.records, 0) <> coalesce(accounted.judged, 0)
{% endtest %}

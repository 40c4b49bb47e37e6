{# Ends a staging model: gives every row of `relation` (a shape plus `_problem` and `_repeated`) its `_status`
   - quarantined: something is wrong with it; shaped: it counts;
   - duplicate: the same record as a row that was known later (the latest delivery wins, with a unique tie-break).
   Only rows whose key was seen twice pay for a window. #}
{% macro resolved(relation, shape) %}
resolved as (

    select
        {{ all_but(['_repeated']) }},
        case when _problem is null then 'shaped' else 'quarantined' end as _status
    from {{ relation }}
    where not _repeated

    union all

    select
        {{ all_but(['_repeated']) }},
        case
            when _problem is not null then 'quarantined'
            when row_number() over (
                partition by _problem is null, {{ key_column(shape) }}
                order by _loaded_at desc, _file desc, _row desc
            ) = 1 then 'shaped'
            else 'duplicate'
        end as _status
    from {{ relation }}
    where _repeated

)
{%- endmacro %}

{# The same record under two ids (two exports of one answer): equal content, the latest known one counts. #}
{% macro resolved_by_content(relation, content) %}
resolved_by_content as (

    select
        {{ all_but(['_status']) }},
        case
            when _status = 'shaped' and row_number() over (
                partition by _status, {{ content | join(', ') }}
                order by _loaded_at desc, _file desc, _row desc
            ) > 1 then 'duplicate'
            else _status
        end as _status
    from {{ relation }}

)
{%- endmacro %}

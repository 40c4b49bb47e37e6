{# Ends a staging model: gives every row of `relation` (a shape plus `_problem` and `_repeated`) its `_status`
   - quarantined: something is wrong with it; shaped: it counts;
   - duplicate: the same record as a row that was known later (the latest delivery wins, with a unique tie-break).
   Only rows whose key was seen twice pay for a window. #}
{% macro resolved(relation, shape) %}
{%- set columns = shape_columns(shape) | map('first') | join(', ') -%}
resolved as (

    select
        {{ columns }},
        _problem,
        case when _problem is null then 'shaped' else 'quarantined' end as _status
    from {{ relation }}
    where not _repeated

    union all

    select
        {{ columns }},
        _problem,
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
{% macro resolved_by_content(relation, shape, content) %}
{%- set columns = shape_columns(shape) | map('first') | join(', ') -%}
resolved_by_content as (

    select
        {{ columns }},
        _problem,
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

{# The columns of a shape out of its staging models: what counts, and nothing else. #}
{% macro union_shaped(shape, relations) %}
  {%- set columns = shape_columns(shape) | map('first') | join(', ') -%}
  {%- for relation in relations %}
    select {{ columns }} from {{ relation }} where _status = 'shaped'
    {{ 'union all' if not loop.last }}
  {%- endfor %}
{%- endmacro %}

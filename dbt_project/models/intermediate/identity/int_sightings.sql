{{ config(materialized='view') }}

-- Every valid row that names somebody, those included that lost to a later one: they tell since when an identifier has
-- been known, and, by `changed_in`, what a build has to look at again.
select
    cast(null as varchar) as source,
    cast(null as timestamp) as seen_at,
    cast(null as date) as seen_on,
    cast(null as date) as known_on,
    cast(null as boolean) as is_counted,
    {% for type in var('identifier_types') %}
    cast(null as varchar) as {{ type }},
    {% endfor %}
    cast(null as bigint) as changed_in
where false
{%- for shape, seen in [('events', 'occurred'), ('people', 'updated')] %}
{%- for source_name, entity in shape_entities(shape) %}

{{ union_by_name() }}

select
    '{{ source_name }}' as source,
    {{ seen }}_at as seen_at,
    {{ seen }}_on as seen_on,
    {{ reporting_day('_loaded_at') }} as known_on,
    _status = 'shaped' as is_counted,
    {{ all_but([seen ~ '_at', seen ~ '_on', '_known_at', '_problem', '_status']) }}
from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
where _status <> 'quarantined'
{%- endfor %}
{%- endfor %}

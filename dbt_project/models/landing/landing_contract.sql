{{ config(materialized='tracked', whole=true, stamped=false) }}
-- What each source declares in its YAML, as rows: the loader reads the same promise that dbt docs shows.
{% set ns = namespace(rows=[]) %}
{% if execute %}
  {% for node in graph.sources.values() if node.schema == 'raw' and node.source_name != 'landing' %}
    {% for column in node.columns.values() %}
      {% set required = (column.get('config', {}).get('meta') or column.get('meta') or {}).get('required', false) %}
      {% do ns.rows.append((node.source_name, node.name, column.name, loop.index, required)) %}
    {% endfor %}
  {% endfor %}
{% endif %}

with declared as (

    {% for source_name, entity, column, position, required in ns.rows | sort %}
    select
        '{{ source_name }}' as source,
        '{{ entity }}' as entity,
        '{{ column }}' as column_name,
        {{ position }} as position,
        {{ required }} as is_required
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        cast(null as varchar) as source,
        cast(null as varchar) as entity,
        cast(null as varchar) as column_name,
        cast(null as integer) as position,
        cast(null as boolean) as is_required
    where false
    {% endfor %}

)

select * from declared

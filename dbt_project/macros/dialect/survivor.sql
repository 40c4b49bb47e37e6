{# The value that is not null of the row that comes last in `order` (its last expression tells any two rows apart), with
   the source and time of that row: fields value, source and updated_at of one aggregate, so that all three agree. #}
{% macro survivor(value, source, at, order) %}{{ return(adapter.dispatch('survivor')(value, source, at, order)) }}{% endmacro %}
{% macro duckdb__survivor(value, source, at, order) -%}
  max_by(
    struct_pack(value := {{ value }}, source := {{ source }}, updated_at := {{ at }}), row({{ order | join(', ') }})
  ) filter (where {{ value }} is not null)
{%- endmacro %}

{# A layer is a schema of its own, under its own name: BI users see `marts`, not `main_marts`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

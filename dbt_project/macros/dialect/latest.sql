{# The latest value that is not null; of two at the same instant, the one of the greater record id: the same on every run.
   Rows that do not meet `condition` do not compete. #}
{% macro latest(value, at, record, condition='true') %}
  {{ return(adapter.dispatch('latest')(value, at, record, condition)) }}
{% endmacro %}
{% macro duckdb__latest(value, at, record, condition) -%}
  max_by({{ value }}, row({{ at }}, {{ record }})) filter (where {{ value }} is not null
    {%- if condition != 'true' %} and {{ condition }}{% endif %})
{%- endmacro %}

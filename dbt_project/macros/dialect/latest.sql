{# The latest value that is not null; of two at the same instant, the one of the greater record id: the same on every run. #}
{% macro latest(value, at, record) %}{{ return(adapter.dispatch('latest')(value, at, record)) }}{% endmacro %}
{% macro duckdb__latest(value, at, record) -%}
  max_by({{ value }}, row({{ at }}, {{ record }})) filter (where {{ value }} is not null)
{%- endmacro %}

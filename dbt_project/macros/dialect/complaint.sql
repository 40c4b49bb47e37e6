{# Fails with this text; null, where there is none. #}
{% macro complaint(text) %}{{ return(adapter.dispatch('complaint')(text)) }}{% endmacro %}
{% macro duckdb__complaint(text) -%} cast(error({{ text }}) as bigint) {%- endmacro %}

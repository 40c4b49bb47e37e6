{# DuckDB materialises a CTE that is read twice; a wide one is cheaper to read again, column by column. #}
{% macro inlined() %}{{ return(adapter.dispatch('inlined')()) }}{% endmacro %}
{% macro duckdb__inlined() -%} not materialized {%- endmacro %}
{% macro default__inlined() %}{% endmacro %}

{# True for numbers a sum can hold: neither NaN nor infinite. #}
{% macro is_finite(number) %}{{ return(adapter.dispatch('is_finite')(number)) }}{% endmacro %}
{% macro duckdb__is_finite(number) -%} isfinite({{ number }}) {%- endmacro %}

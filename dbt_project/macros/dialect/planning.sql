{# DuckDB materialises a CTE that is read twice; a wide one is cheaper to read again, column by column. #}
{% macro inlined() %}{{ return(adapter.dispatch('inlined')()) }}{% endmacro %}
{% macro duckdb__inlined() -%} not materialized {%- endmacro %}
{% macro default__inlined() %}{% endmacro %}

{# 1, 2, 3, ... along `columns`, by which the rows are sorted already. DuckDB keeps that order and numbers the rows as they
   pass; a window that sorts for itself sorts on one thread. #}
{% macro number_in_order(columns) %}{{ return(adapter.dispatch('number_in_order')(columns)) }}{% endmacro %}
{% macro duckdb__number_in_order(columns) -%} row_number() over () {%- endmacro %}
{% macro default__number_in_order(columns) -%} row_number() over (order by {{ columns }}) {%- endmacro %}

{# True for numbers a sum can hold: neither NaN nor infinite. #}
{% macro is_finite(number) %}{{ return(adapter.dispatch('is_finite')(number)) }}{% endmacro %}
{% macro duckdb__is_finite(number) -%} isfinite({{ number }}) {%- endmacro %}

{# Every column but these. #}
{% macro all_but(columns) %}{{ return(adapter.dispatch('all_but')(columns)) }}{% endmacro %}
{% macro duckdb__all_but(columns) -%} * exclude ({{ columns | join(', ') }}) {%- endmacro %}
{% macro default__all_but(columns) -%} * except ({{ columns | join(', ') }}) {%- endmacro %}

{# Union of selects by the names of their columns; a select that lacks one gives nulls. #}
{% macro union_by_name() %}{{ return(adapter.dispatch('union_by_name')()) }}{% endmacro %}
{% macro duckdb__union_by_name() -%} union all by name {%- endmacro %}

{# The few rows of a wide table for which a condition on a narrow column holds: they are found by that column alone, and only
   parts of the table with one of them are read whole. #}
{% macro few_rows(table, condition) %}{{ return(adapter.dispatch('few_rows')(table, condition)) }}{% endmacro %}
{% macro duckdb__few_rows(table, condition) -%} rowid in (select rowid from {{ table }} where {{ condition }}) {%- endmacro %}
{% macro default__few_rows(table, condition) -%} {{ condition }} {%- endmacro %}

{# Several columns as one value that can be compared. #}
{% macro row_of(columns) %}{{ return(adapter.dispatch('row_of')(columns)) }}{% endmacro %}
{% macro duckdb__row_of(columns) -%} {{ '(' ~ columns | join(', ') ~ ')' if columns | length > 1 else columns[0] }} {%- endmacro %}
{% macro default__row_of(columns) -%} struct({{ columns | join(', ') }}) {%- endmacro %}

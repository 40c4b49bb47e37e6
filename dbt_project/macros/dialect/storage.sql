{# How much of what is dead or scattered in its tables the engine may tidy up while a run commits. DuckDB would merge pieces
   of a table at every commit that leaves some half empty, which costs a small update more than the update itself: so only
   every sixteenth run does. Until then a table holds what was replaced in it. #}
{% macro tidying(run) %}{{ return(adapter.dispatch('tidying')(run)) }}{% endmacro %}
{% macro default__tidying(run) -%} {%- endmacro %}
{% macro duckdb__tidying(run) -%} set global max_vacuum_tasks = {{ 0 if run % 16 else 100 }} {%- endmacro %}

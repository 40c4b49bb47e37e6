{# Settings for a whole run. DuckDB:
     - merges pieces of a table at every commit that leaves some half empty, which costs a small update more than the update
       itself: so only two in thirty-two do (an update often runs dbt twice). Until then a table holds what was replaced in it;
     - writes the pages of changed tables whenever its log has grown by 16 MB: once, at the end, takes less. A run that was
       killed leaves as much to read again;
     - leaves out parts of a table by a list of up to 50 keys: small updates have some more. #}
{% macro engine_settings(run) %}{{ return(adapter.dispatch('engine_settings')(run)) }}{% endmacro %}
{% macro default__engine_settings(run) -%} select 1 {%- endmacro %}
{% macro duckdb__engine_settings(run) -%}
  set global max_vacuum_tasks = {{ 0 if (run // 2) % 16 else 100 }};
  set global checkpoint_threshold = '1GiB';
  set global dynamic_or_filter_threshold = 2000
{%- endmacro %}

{# `dbt source freshness`: when the newest row was loaded. A source that has never delivered is not late: it may not exist here,
   and before the first build no raw table does. #}
{% macro duckdb__collect_freshness(source, loaded_at_field, filter) %}
  {% set never = "timezone('UTC', now())" %}
  {% set there = load_relation(source) %}
  {% call statement('collect_freshness', fetch_result=True, auto_begin=False) -%}
    select
        {{ 'coalesce(max(' ~ loaded_at_field ~ '), ' ~ never ~ ')' if there else never }} as max_loaded_at,
        now() as snapshotted_at
    {% if there %}from {{ source }} {{ 'where ' ~ filter if filter }}{% endif %}
  {%- endcall %}
  {{ return(load_result('collect_freshness')) }}
{% endmacro %}

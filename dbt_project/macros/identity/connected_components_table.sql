{# `connected_components`: the model selects edges (hi, lo), bigint; the table holds (id, label) for every id on an edge. #}
{% materialization connected_components, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set scratch = target.identifier ~ '__cc' -%}
  {%- set made = [] -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {# opens the transaction first: run_query alone would commit each step, and a failure would leave its tables #}
  {% call statement('begin', auto_begin=True) %} select 1 {% endcall %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% set edges = cc_edges(made, scratch, sql) %}
  {% set solved = cc_solve(made, edges, scratch) %}

  {% call statement('main') %}
    create or replace table {{ target }} as
    {% if solved is none %}
    select hi as id, lo as label from {{ edges }}
    {% else %}
    select id, p as label from {{ solved.labels }} as labels
    union all
    select id, id as label from {{ solved.roots }} as roots
    {% endif %}
  {% endcall %}

  {% for table in made %}{% do run_query('drop table ' ~ table) %}{% endfor %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do persist_docs(target, model) %}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# `connected_components`: the model selects edges (hi, lo), bigint; the table holds (id, label) for every id on an edge. #}
{% materialization connected_components, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set scratch = target.identifier ~ '__cc' -%}
  {%- set made = cc_begun() -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% set edges = cc_edges(made, scratch, sql) %}
  {% set solved = cc_solve(made, edges, scratch) %}

  {% call statement('main') %}
    {% for waiting in made.waiting %}{{ waiting }}
    ;
    {% endfor %}
    create or replace table {{ target }} as
    {% if solved is none %}
    select hi as id, lo as label from {{ edges }}
    {% else %}
    select id, p as label from {{ solved.labels }} as labels
    union all
    select id, id as label from {{ solved.roots }} as roots
    {% endif %}
    {% for table in made.tables %};
    drop table {{ table }}
    {% endfor %}
  {% endcall %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do persist_docs(target, model) %}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

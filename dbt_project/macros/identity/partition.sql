{# `identity_partition`: the model selects edges; the table keeps every identifier's user in versions. An update solves
   only what the new evidence touches: components that gained an edge enter as one node each, those that lost one (a
   value was blocked, a record superseded, an override changed) as their single identifiers. Old versions are closed and
   never dropped, so a rebuild, which solves everything anew, ends in the same table. #}
{% materialization identity_partition, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set plan = tracked_plan(sql) -%}
  {%- set made, tag = [], target.identifier ~ '__cc' -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {% call statement('begin', auto_begin=True) %} select 1 {% endcall %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if not (plan.known and load_cached_relation(this)) %}
    {% do plan.update({'epoch': invocation_id}) %}
    {% do identity_create(target) %}
  {% endif %}
  {% if plan.mode == 'rebuild' %}
    {% do identity_solve_all(made, tag, tracked_select(sql, plan)) %}
  {% else %}
    {% do identity_solve_touched(made, tag, tracked_select(sql, plan), target, plan) %}
  {% endif %}
  {% set users = identity_keep_apart(made, tag, tracked_select(sql, dict(plan, mode='update')), target) %}
  {% do identity_apply(made, tag, users, target, plan) %}
  {% for table in made %}{% do run_query('drop table ' ~ table) %}{% endfor %}
  {% do tracked_remember(plan) %}
  {% call statement('main') %} select {{ plan.build }} as build_id {% endcall %}
  {% do persist_docs(target, model) %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# What the versions were made with: the pairs, those that were taken back, and the newest load. #}
{% macro identity_before(what, versions=this) -%} {{ versions.schema }}.{{ versions.identifier }}__{{ what }} {%- endmacro %}

{% macro identity_create(target) %}
  {% do run_query('drop table if exists ' ~ target) %}
  {% do run_query('create table ' ~ target ~ ' (identifier_id bigint, component_key bigint, user_key bigint,'
    ~ ' known_from timestamp, known_to timestamp, batch_id bigint, opened_in bigint, closed_in bigint,'
    ~ ' closed_batch_id bigint)') %}
  {% do run_query('create or replace table ' ~ identity_before('pairs') ~ ' (kind varchar, identifier_id bigint, other_id bigint)') %}
  {% do run_query('create or replace table ' ~ identity_before('load') ~ ' (batch_id bigint)') %}
{% endmacro %}

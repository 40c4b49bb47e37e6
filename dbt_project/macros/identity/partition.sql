{# `identity_partition`: the model selects edges; the table keeps every identifier's user in versions. An update solves
   only what the new evidence touches: components that gained an edge enter as one node each, those that lost one (a
   value was blocked, a record superseded, an override changed) as their single identifiers. Old versions are closed and
   never dropped, so a rebuild, which solves everything anew, ends in the same table. #}
{% materialization identity_partition, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set plan = tracked_plan(sql) -%}
  {%- set made, tag = cc_begun(), target.identifier ~ '__cc' -%}

  {% if not plan.news and not pre_hooks and not post_hooks %}
    {% do tracked_left_alone() %}
    {{ return({'relations': [target]}) }}
  {% endif %}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if not (plan.known and load_cached_relation(this)) %}
    {% do plan.update({'epoch': invocation_id}) %}
    {% do identity_create(made, target) %}
  {% endif %}
  {% if plan.mode == 'rebuild' %}
    {% do identity_solve_all(made, tag, tracked_select(sql, plan)) %}
  {% else %}
    {% do identity_solve_touched(made, tag, tracked_select(sql, plan), target, plan) %}
  {% endif %}
  {% set users = identity_keep_apart(made, tag, tracked_select(sql, dict(plan, mode='update')), target, plan) %}
  {% do identity_apply(made, tag, users, target, plan) %}
  {% do identity_remember(made, tag, plan) %}
  {% do persist_docs(target, model) %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {% do tracked_know(this.identifier, plan, plan.wrote) %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# What the versions were made with: the pairs, those that were taken back, and the newest load. #}
{% macro identity_before(what, versions=this) -%} {{ versions.schema }}.{{ versions.identifier }}__{{ what }} {%- endmacro %}

{% macro identity_create(made, target) %}
  {% do cc_do(made, 'drop table if exists ' ~ target) %}
  {% do cc_do(made, 'create table ' ~ target ~ ' (identifier_id bigint, component_key bigint, user_key bigint,'
    ~ ' known_from timestamp, known_to timestamp, batch_id bigint, opened_in bigint, closed_in bigint,'
    ~ ' closed_batch_id bigint)') %}
  {% do cc_do(made, 'create or replace table ' ~ identity_before('pairs') ~ ' (kind varchar, identifier_id bigint, other_id bigint)') %}
  {% do cc_do(made, 'create or replace table ' ~ identity_before('load') ~ ' (batch_id bigint)') %}
{% endmacro %}

{# Runs what is left to do, and notes whether anything that others read from here has changed. #}
{% macro identity_remember(made, tag, plan) %}
  {% set changed = 'exists (select 1 from ' ~ tag ~ '_changed) or exists (select 1 from ' ~ identity_before('ended')
    ~ ' where closed_in = ' ~ plan.build ~ ')' %}
  {% do cc_do(made, tracked_remembered(this.identifier, plan, 'case when ' ~ changed ~ ' then ' ~ plan.build ~ ' else '
    ~ (plan.build if plan.wrote is none else plan.wrote) ~ ' end')) %}
  {% for table in made.tables + ['identity_seen', touched_table()] %}{% do cc_do(made, 'drop table if exists ' ~ table) %}{% endfor %}
  {% call statement('main', fetch_result=True) %}
    {{ made.waiting | join('\n;\n') }}
    ;
    select wrote from ops.model_state where model = {{ text_literals([this.identifier]) }}
  {% endcall %}
  {% do plan.update({'wrote': load_result('main').table.columns[0].values()[0] | int}) %}
{% endmacro %}

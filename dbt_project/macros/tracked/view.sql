{# Every view: made again when its text, its contract or a table that it reads is another one, else left as it stands. Its epoch
   is its definition, so that what reads it is rebuilt when it says something else. #}
{% materialization view, default %}
  {%- set target, existing = this.incorporate(type='view'), load_cached_relation(this) -%}
  {%- set plan = tracked_plan(sql) -%}
  {%- set stale = plan.mode == 'rebuild' or not existing.is_view -%}

  {% if not stale and not pre_hooks and not post_hooks %}
    {% do tracked_left_alone() %}
    {{ return({'relations': [target]}) }}
  {% endif %}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if stale %}
    {% do plan.update({'epoch': plan.definition}) %}
    {% call statement('main') %}
      {% if existing %}drop {{ existing.type }} if exists {{ existing }} cascade;{% endif %}
      {{ get_create_view_as_sql(target, sql) }}
      ;
      {{ tracked_remembered(this.identifier, plan, plan.build) }}
    {% endcall %}
    {% do persist_docs(target, model) %}
  {% else %}
    {% do tracked_left_alone() %}
  {% endif %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {% if stale %}{% do tracked_know(this.identifier, plan, plan.build) %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# Every view: made again when its text, its contract or a table that it reads is another one, else left as it stands. Its epoch
   is its definition, so that what reads it is rebuilt when it says something else. #}
{% materialization view, default %}
  {%- set target, existing = this.incorporate(type='view'), load_cached_relation(this) -%}
  {%- set plan = tracked_plan(sql) -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {% call statement('main', auto_begin=True) %} select 1 {% endcall %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if plan.mode == 'rebuild' or not existing.is_view %}
    {% if existing %}{% do run_query('drop ' ~ existing.type ~ ' if exists ' ~ existing ~ ' cascade') %}{% endif %}
    {% do run_query(get_create_view_as_sql(target, sql)) %}
    {% do persist_docs(target, model) %}
    {% do tracked_remember(dict(plan, epoch=plan.definition)) %}
  {% endif %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# `tracked`: a table that is brought up to date by what is new. Config:
     key          columns that a touched row is replaced by
     stamped      the table gets `changed_in`, the number of the run that wrote a row (default true)
     appends      rows are only added, never replaced
     keeps_rows   the table outlives a rebuild: it only takes in what it lacks (ledgers, histories)
     differences  rows that come out as they are already are left alone, and a rebuild is an update of all
     compares     parents whose rebuild need not concern this model, because it compares states itself #}
{% materialization tracked, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set plan = tracked_plan(sql) -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {# opens the transaction first: run_query alone would commit each step, and a failure would leave half of them #}
  {% call statement('begin', auto_begin=True) %} select 1 {% endcall %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% set stays = config.get('keeps_rows') or config.get('differences') %}
  {% if plan.mode == 'rebuild' and not (stays and plan.known and load_cached_relation(this)) %}
    {% do plan.update({'epoch': invocation_id}) %}
    {% do tracked_replace(target, tracked_select(sql, plan), plan) %}
  {% elif plan.mode == 'rebuild' and config.get('differences') %}
    {% do tracked_update(target, tracked_select(sql, plan), none, plan) %}
  {% else %}
    {% do plan.update({'mode': 'update'}) %}
    {% do tracked_update(target, tracked_select(sql, plan), fragment_of(sql, 'touched'), plan) %}
  {% endif %}
  {# what found nothing to do looks from the same run on again: it has nothing to write, and so nothing to commit #}
  {% if not plan.idle %}{% do tracked_remember(plan) %}{% endif %}
  {% call statement('main') %} select {{ plan.build }} as build_id {% endcall %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% macro tracked_replace(target, select, plan) %}
  {% set existing = load_cached_relation(this) %}
  {% if existing %}{% do run_query('drop ' ~ existing.type ~ ' if exists ' ~ existing ~ ' cascade') %}{% endif %}
  {% if config.get('stamped', true) %}
    {% if config.get('contract').enforced %}
      {% do get_assert_columns_equivalent('select *, cast(0 as bigint) as changed_in from (' ~ select ~ '\n) as rows_now') %}
    {% endif %}
    {% do run_query('create table ' ~ target ~ ' as select *, cast(' ~ plan.build ~ ' as bigint) as changed_in from ('
      ~ select ~ '\n) as rows_now') %}
  {% else %}
    {# as dbt does it, because this way checks contracts #}
    {% do run_query(create_table_as(False, target, select)) %}
  {% endif %}
  {% do persist_docs(target, model) %}
{% endmacro %}

{% macro tracked_update(target, select, touched, plan) %}
  {% set gone = touched_table() %}
  {% if touched %}
    {% do run_query('create or replace temp table ' ~ gone ~ ' as ' ~ touched | replace('__through__', plan.through | string)) %}
  {% endif %}
  {% do plan.update({'idle': touched is not none and not cc_any(gone)}) %}
  {% if not plan.idle %}{% do tracked_write(target, select, touched, gone, plan) %}{% endif %}
  {% do run_query('drop table if exists ' ~ gone) %}
{% endmacro %}

{% macro tracked_write(target, select, touched, gone, plan) %}
  {% set key, rows_now = config.get('key', []), this.identifier ~ '__rows' %}
  {% do run_query('create or replace temp table ' ~ rows_now ~ ' as ' ~ select) %}
  {% if config.get('differences') %}
    {% do tracked_differences(target, rows_now, gone, touched is not none, key, plan) %}
  {% elif not touched and not config.get('appends') and not config.get('keeps_rows') %}
    {% do run_query('create or replace temp table ' ~ gone ~ ' as select ' ~ key | join(', ') ~ ' from ' ~ rows_now) %}
  {% endif %}
  {% if not config.get('appends') and not config.get('keeps_rows') %}
    {% do run_query('delete from ' ~ target ~ ' as old using ' ~ gone ~ ' as gone where ' ~ same_key('old', 'gone', key)) %}
  {% endif %}
  {% set stamp = ', ' ~ plan.build ~ ' as changed_in' if config.get('stamped', true) else '' %}
  {% do run_query('insert into ' ~ target ~ ' by name select *' ~ stamp ~ ' from ' ~ rows_now) %}
  {% do run_query('drop table if exists ' ~ rows_now) %}
{% endmacro %}

{# Leaves in `rows_now` only what differs from the table, and in `gone` only keys that differ or are no more. #}
{% macro tracked_differences(target, rows_now, gone, is_part, key, plan) %}
  {% set scope = ' where ' ~ is_touched('was', key) if is_part else '' %}
  {% do run_query('create or replace temp table ' ~ rows_now ~ '_was as select * exclude (changed_in) from ' ~ target
    ~ ' as was' ~ scope) %}
  {% do run_query('create or replace temp table ' ~ gone ~ ' as select ' ~ key | join(', ') ~ ' from (select * from '
    ~ rows_now ~ '_was except select * from ' ~ rows_now ~ ') as differing') %}
  {% do run_query('create or replace temp table ' ~ rows_now ~ ' as select * from ' ~ rows_now ~ ' except select * from '
    ~ rows_now ~ '_was') %}
  {% do run_query('drop table ' ~ rows_now ~ '_was') %}
{% endmacro %}

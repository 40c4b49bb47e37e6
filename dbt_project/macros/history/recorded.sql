{# `recorded`: what each build finds, kept as intervals of builds. The model selects the state as it is now, one row for each
   `key`; a row that differs from the last one of its key ends that and begins a new one, a key that is gone only ends. Nothing
   is ever dropped: a rebuild, for whatever reason, compares everything, and an update what was touched (macros/tracked).
   Intervals count builds and not days, because builds only go forward; history_days says which build speaks for a day. #}
{% materialization recorded, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set plan = tracked_plan(sql) -%}
  {%- set touched = fragment_of(sql, 'touched') if plan.mode == 'update' else none -%}

  {% if not plan.news and not pre_hooks and not post_hooks %}
    {% do tracked_left_alone() %}
    {{ return({'relations': [target]}) }}
  {% endif %}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {% call statement('begin', auto_begin=True) %} select 1 {% endcall %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if touched %}
    {% do run_query('create or replace temp table ' ~ touched_table() ~ ' as ' ~ touched | replace('__through__', plan.through | string)) %}
  {% endif %}
  {% if plan.mode == 'rebuild' or run_query('select exists (select 1 from ' ~ touched_table() ~ ')').columns[0].values()[0] %}
    {% do recorded_write(target, tracked_select(sql, plan), touched is not none, plan) %}
    {% do persist_docs(target, model) %}
    {% do plan.update({'wrote': plan.build}) %}
    {% do run_query(tracked_remembered(this.identifier, plan, plan.build)) %}
  {% endif %}
  {% do run_query('drop table if exists ' ~ touched_table()) %}
  {% call statement('main') %} select {{ plan.build }} as build_id {% endcall %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {% do tracked_know(this.identifier, plan, plan.wrote) %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# The end of an interval that goes on. A number, because with null each reader's join would need an `or`. #}
{% macro still_open() -%} 2147483647 {%- endmacro %}

{% macro recorded_write(target, select, is_part, plan) %}
  {% if load_cached_relation(this) and run_query('select exists (select 1 from ' ~ target ~ ')').columns[0].values()[0] %}
    {% do recorded_differences(target, select, is_part, plan) %}
  {% else %}
    {# of nobody anything was known: all of it is new #}
    {% do run_query('create or replace table ' ~ target ~ ' as select *, cast(' ~ plan.build ~ ' as integer) as from_build, cast('
      ~ still_open() ~ ' as integer) as to_build from (' ~ select ~ '\n) as now') %}
  {% endif %}
{% endmacro %}

{% macro recorded_differences(target, select, is_part, plan) %}
  {% set key, names, build = config.require('key'), [], plan.build %}
  {% set now, differing = this.identifier ~ '__now', this.identifier ~ '__differing' %}
  {% do run_query('create or replace temp table ' ~ now ~ ' as ' ~ select) %}
  {% do recorded_columns(target, now, plan) %}
  {% for column in run_query('describe ' ~ now).columns[0].values() %}{% do names.append(column) %}{% endfor %}
  {% set was = 'select ' ~ names | join(', ') ~ ' from ' ~ target ~ ' as was where to_build = ' ~ still_open()
    ~ (' and ' ~ few_rows(target, 'user_id in (select user_id from ' ~ touched_table() ~ ')') if is_part else '') %}
  {% set apart = ['now.' ~ key[0] ~ ' is null', 'was.' ~ key[0] ~ ' is null'] %}
  {% for name in names if name not in key %}{% do apart.append('now.' ~ name ~ ' is distinct from was.' ~ name) %}{% endfor %}
  {% do run_query('create or replace temp table ' ~ differing ~ ' as select ' ~ key | join(', ') ~ ' from ' ~ now ~ ' as now full join ('
    ~ was ~ ') as was using (' ~ key | join(', ') ~ ') where ' ~ apart | join(' or ')) %}
  {% do run_query('update ' ~ target ~ ' as old set to_build = ' ~ build ~ ' from ' ~ differing ~ ' as differing where old.to_build = '
    ~ still_open() ~ ' and ' ~ same_key('old', 'differing', key)) %}
  {% do run_query('insert into ' ~ target ~ ' by name select now.*, ' ~ build ~ ' as from_build, ' ~ still_open() ~ ' as to_build from '
    ~ now ~ ' as now semi join ' ~ differing ~ ' as differing on ' ~ same_key('now', 'differing', key) ~ ' order by ' ~ key | join(', ')) %}
  {% for table in [now, differing] %}{% do run_query('drop table ' ~ table) %}{% endfor %}
{% endmacro %}

{# The table, with every column that the state has now. One that it has no more stays for the days that had it; one that is of
   another type becomes of one that holds both. Whatever reads it is told by its epoch that it is another table. #}
{% macro recorded_columns(target, now, plan) %}
  {% set known, wider = {}, [] %}
  {% for row in run_query('describe ' ~ target).rows %}{% do known.update({row[0]: row[1]}) %}{% endfor %}
  {% for name, type in run_query('select column_name, column_type from (describe ' ~ now ~ ')').rows if known.get(name) != type %}
    {% if name not in known %}
      {% do run_query('alter table ' ~ target ~ ' add column ' ~ name ~ ' ' ~ type) %}
      {% do plan.update({'epoch': invocation_id}) %}
    {% else %}
      {% set both = 'select cast(null as ' ~ known[name] ~ ') as both union all select cast(null as ' ~ type ~ ')' %}
      {% set holds = run_query('select column_type from (describe ' ~ both ~ ')').columns[0].values()[0] %}
      {% if holds != known[name] %}{% do wider.append('cast(' ~ name ~ ' as ' ~ holds ~ ') as ' ~ name) %}{% endif %}
    {% endif %}
  {% endfor %}
  {% if wider %}
    {% do run_query('create or replace table ' ~ target ~ ' as select * replace (' ~ wider | join(', ') ~ ') from ' ~ target) %}
    {% do plan.update({'epoch': invocation_id}) %}
  {% endif %}
{% endmacro %}

{# `recorded_days`: the build that was a day's last one speaks for the day. Written after everything else has been recorded, so
   a build that was killed speaks for none. What no day's build shows, because later ones of the same day said otherwise, goes. #}
{% materialization recorded_days, default %}
  {%- set target, plan = this.incorporate(type='table'), tracked_plan(sql) -%}
  {%- set now = this.identifier ~ '__now' -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {% call statement('begin', auto_begin=True) %} select 1 {% endcall %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% do run_query('create or replace temp table ' ~ now ~ ' as select day, cast(' ~ plan.build ~ ' as integer) as build_id, * exclude (day) from ('
    ~ tracked_select(sql, plan) ~ '\n) as today') %}
  {% do run_query('create table if not exists ' ~ target ~ ' as select * from ' ~ now ~ ' where false') %}
  {% do run_query('delete from ' ~ target ~ ' where day in (select day from ' ~ now ~ ')') %}
  {% for name in config.require('recorded') %}
    {% do run_query('delete from ' ~ ref(name) ~ ' where to_build <= ' ~ plan.build ~ ' and from_build > (select coalesce(max(build_id), -1) from '
      ~ target ~ ') and exists (select 1 from ' ~ now ~ ')') %}
  {% endfor %}
  {% do run_query('insert into ' ~ target ~ ' by name select * from ' ~ now) %}
  {% do run_query('drop table ' ~ now) %}
  {% do persist_docs(target, model) %}
  {% call statement('main') %} select {{ plan.build }} as build_id {% endcall %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

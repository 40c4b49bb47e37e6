{# `tracked`: a table that is brought up to date by what is new. Config:
     key          columns that a touched row is replaced by
     stamped      the table gets `changed_in`, the number of the run that wrote a row (default true)
     appends      rows are only added, never replaced
     keeps_rows   the table outlives a rebuild: it only takes in what it lacks (ledgers, histories)
     differences  rows that come out as they are already are left alone, and a rebuild is an update of all
     whole        a small table: worked out whole, and written only where it then differs
     compares     parents whose rebuild need not concern this model, because it compares states itself
     after        parents that only have to come first: what they write is no news for this model
     slices       {of: parent, by: number, var: name}: where the parent has more rows than that var says, a rebuild is written in
                  parts, each an update of some of them: what a statement holds fits in memory, however many there are #}
{% materialization tracked, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set plan = tracked_plan(sql) -%}

  {% if not plan.news and not pre_hooks and not post_hooks %}
    {% do tracked_left_alone() %}
    {{ return({'relations': [target]}) }}
  {% endif %}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if plan.mode == 'rebuild' and not tracked_stays(target, tracked_select(sql, plan), plan) %}
    {# what compares for itself learns from the rows that this table is another one #}
    {% if not (config.get('whole') and plan.known) %}{% do plan.update({'epoch': invocation_id}) %}{% endif %}
    {% do tracked_replace(target, tracked_select(sql, plan), plan) %}
  {% elif plan.mode == 'rebuild' and config.get('differences') %}
    {% do tracked_update(target, tracked_select(sql, plan), none, plan) %}
  {% else %}
    {% do plan.update({'mode': 'update'}) %}
    {% do tracked_update(target, tracked_select(sql, plan), fragment_of(sql, 'touched'), plan) %}
  {% endif %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {% do tracked_know(this.identifier, plan, plan.wrote) %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# Whether the table outlives a rebuild. One that compares its rows has to have the columns of the select; one that keeps them is
   given those that it lacks, which are unknown of the rows it has. Either way it is another table to whatever reads it. #}
{% macro tracked_stays(target, select, plan) %}
  {% if not (config.get('keeps_rows') or config.get('differences')) or not plan.known or not load_cached_relation(this) %}
    {{ return(false) }}
  {% endif %}
  {% set stamped, was, now = config.get('stamped', true), [], [] %}
  {% for row in run_query('describe ' ~ target).rows %}{% do was.append([row[0], row[1]]) %}{% endfor %}
  {% for row in run_query('describe ' ~ (tracked_stamped(select, plan) if stamped else select)).rows %}
    {% do now.append([row[0], row[1]]) %}
  {% endfor %}
  {% if config.get('differences') %}{{ return(was == now) }}{% endif %}
  {% for name, type in now if name not in was | map('first') %}
    {% do plan.update({'epoch': invocation_id, 'lacked': plan.get('lacked', []) + [name ~ ' ' ~ type]}) %}
  {% endfor %}
  {{ return(true) }}
{% endmacro %}

{% macro tracked_replace(target, select, plan) %}
  {% set existing, slices = load_cached_relation(this), tracked_slices() %}
  {% if config.get('stamped', true) and config.get('contract').enforced %}
    {% do get_assert_columns_equivalent(tracked_stamped(select, plan)) %}
  {% endif %}
  {% call statement('main') %}
    {% if existing %}drop {{ existing.type }} if exists {{ existing }} cascade;{% endif %}
    {% if slices > 1 %}
    {{ tracked_write_slices(target, slices, plan) }}
    {% elif config.get('stamped', true) %}
    create table {{ target }} as {{ tracked_stamped(select, plan) }};
    {% else %}
    {# as dbt does it, because this way checks contracts #}
    {{ create_table_as(False, target, select) }}
    ;
    {% endif %}
    {{ tracked_remembered(this.identifier, plan, plan.build) }}
  {% endcall %}
  {% do plan.update({'wrote': plan.build}) %}
  {% do persist_docs(target, model) %}
{% endmacro %}

{% macro tracked_stamped(select, plan) -%}
    select *, cast({{ plan.build }} as bigint) as changed_in from ({{ select }}
    ) as rows_now
{%- endmacro %}

{% macro tracked_slices() %}
  {% set slices = config.get('slices') %}
  {% if not slices %}{{ return(1) }}{% endif %}
  {% set rows = run_query('select count(*) from ' ~ ref(slices.of)).columns[0].values()[0] | int %}
  {% set at_once = var(slices.var) | int %}
  {% if at_once < 1 %}
    {% do exceptions.raise_compiler_error('dbt_project.yml: var ' ~ slices.var ~ ' has ' ~ var(slices.var)
      ~ '; it takes a number of rows, one or more') %}
  {% endif %}
  {# as many nodes as dbt builds at once share the memory #}
  {% set at_once = [at_once // (target.threads or 1), 1] | max %}
  {{ return([(rows + at_once - 1) // at_once, 1] | max) }}
{% endmacro %}

{# The table, slice by slice: to each, its own rows of the parent are the touched ones. #}
{% macro tracked_write_slices(target, slices, plan) %}
  {%- set of = config.require('slices') -%}
  {%- set select = tracked_select(sql, {'mode': 'update', 'through': plan.through}) -%}
  {% for slice in range(slices) %}
    create or replace temp table {{ touched_table() }} as
    select * from {{ ref(of.of) }} where {{ of.by }} % {{ slices }} = {{ slice }};
    {{ 'create table ' ~ target ~ ' as' if loop.first else 'insert into ' ~ target ~ ' by name' }} {{ tracked_stamped(select, plan) }};
  {% endfor %}
    drop table {{ touched_table() }};
{% endmacro %}

{% macro tracked_update(target, select, touched, plan) %}
  {% set gone, was = touched_table(), 'null' if plan.wrote is none else plan.wrote %}
  {% set ns = namespace(none_touched=false) %}
  {% if touched is not none %}
    {# a statement begins the transaction; run_query would commit each step, and a failure leave half of them #}
    {% call statement('touched', fetch_result=True) %}
      create or replace temp table {{ gone }} as {{ touched | replace('__through__', plan.through | string) }}
      ;
      select exists (select 1 from {{ gone }})
    {% endcall %}
    {% set ns.none_touched = not load_result('touched').table.columns[0].values()[0] %}
  {% endif %}
  {% call statement('main', fetch_result=True) %}
    {% for column in plan.get('lacked', []) %}alter table {{ target }} add column {{ column }};{% endfor %}
    {% if not ns.none_touched %}{{ tracked_script(target, select, touched, gone, plan) }}{% endif %}
    {{ tracked_remembered(this.identifier, plan, was if ns.none_touched else 'case when ' ~ tracked_wrote(gone) ~ ' then '
      ~ plan.build ~ ' else ' ~ was ~ ' end') }};
    drop table if exists {{ gone }};
    drop table if exists {{ this.identifier }}__rows;
    select wrote from ops.model_state where model = {{ text_literals([this.identifier]) }}
  {% endcall %}
  {% set wrote = load_result('main').table.columns[0].values()[0] %}
  {% do plan.update({'wrote': none if wrote is none else wrote | int}) %}
{% endmacro %}

{# Whether a script found anything to write or to take away. #}
{% macro tracked_wrote(gone) %}
  {% set rows = 'exists (select 1 from ' ~ this.identifier ~ '__rows)' %}
  {{ return('exists (select 1 from ' ~ gone ~ ')' if config.get('whole') else rows if config.get('appends') or
    config.get('keeps_rows') else rows ~ ' or exists (select 1 from ' ~ gone ~ ')') }}
{% endmacro %}

{# The statements of an update: work out the rows, take the touched ones away, write them down. #}
{% macro tracked_script(target, select, touched, gone, plan) %}
  {%- set key, rows_now = config.get('key', []), this.identifier ~ '__rows' -%}
  {%- set adds = config.get('appends') or config.get('keeps_rows') %}
    create or replace temp table {{ rows_now }} as {{ select }}
    ;
  {%- if config.get('whole') -%}
    {{ tracked_whole(target, rows_now, gone) }}
  {%- elif config.get('differences') -%}
    {{ tracked_differences(target, rows_now, gone, touched is not none, key) }}
  {%- elif not touched and not adds %}
    create or replace temp table {{ gone }} as select {{ key | join(', ') }} from {{ rows_now }};
  {%- endif %}
  {%- if not adds and not config.get('whole') %}
    delete from {{ target }} as old using {{ gone }} as gone where {{ same_key('old', 'gone', key) }};
  {%- endif %}
    insert into {{ target }} by name
    select *{{ ', ' ~ plan.build ~ ' as changed_in' if config.get('stamped', true) }} from {{ rows_now }}
    {{- ' where exists (select 1 from ' ~ gone ~ ')' if config.get('whole') }};
{% endmacro %}

{# Leaves in `rows_now` only what differs from the table, and in `gone` only keys that differ or are no more. #}
{% macro tracked_differences(target, rows_now, gone, is_part, key) %}
    create or replace temp table {{ rows_now }}_was as
    select * exclude (changed_in) from {{ target }} as was{{ ' where ' ~ is_touched('was', key) if is_part }};
    create or replace temp table {{ gone }} as select {{ key | join(', ') }} from (
        select * from {{ rows_now }}_was except select * from {{ rows_now }}
    ) as differing;
    create or replace temp table {{ rows_now }} as select * from {{ rows_now }} except select * from {{ rows_now }}_was;
    drop table {{ rows_now }}_was;
{% endmacro %}

{# Empties the table, and leaves a row in `gone`, if `rows_now` says anything else than it. #}
{% macro tracked_whole(target, rows_now, gone) %}
  {%- set was = target if not config.get('stamped', true) else '(select * exclude (changed_in) from ' ~ target ~ ')' %}
    create or replace temp table {{ gone }} as select 1 as one where exists (
        (select * from {{ rows_now }} except all select * from {{ was }})
        union all (select * from {{ was }} except all select * from {{ rows_now }})
    );
    delete from {{ target }} where exists (select 1 from {{ gone }});
{% endmacro %}

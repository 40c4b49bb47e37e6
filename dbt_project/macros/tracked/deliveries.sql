{# The table of what was delivered, by a Python model that takes it in; with it, in one transaction, what was delivered of each
   source is written down as the state of that source. Once that is committed, what reads the sources is told. #}
{% materialization deliveries, default, supported_languages=['python'] %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set made = make_intermediate_relation(target) -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% do run_query('drop table if exists ' ~ made) %}
  {% call statement('main', language='python') %}{{ create_table_as(False, made, compiled_code, 'python') }}{% endcall %}
  {% call statement('landed') %}
    drop table if exists {{ target }};
    alter table {{ made }} rename to {{ target.identifier }};
    {{ landed_sources(target) }}
  {% endcall %}
  {% do persist_docs(target, model) %}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {% for row in run_query("select model, value, through, wrote from ops.model_state where wrote = " ~ tracked_run().build
    ~ " and (starts_with(model, 'source.') or model = " ~ text_literals([this.identifier]) ~ ")").rows %}
    {% do tracked_run().states.update({row[0]: {'value': row[1], 'through': row[2] | int, 'wrote': row[3] | int}}) %}
  {% endfor %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# A source of which there is another delivery, or one more, is another one. #}
{% macro landed_sources(files) %}
  {% set build, errors = tracked_run().build, 'source.' ~ project_name ~ '.landing.load_errors' %}
  create or replace temp table landed_now as
  select 'source.{{ project_name }}.' || source || '.' || entity as model, count(*) || ' ' || max(batch_id) as value
  from {{ files }}
  group by all
  union all
  select unnest(['{{ files.identifier }}', '{{ errors }}']) as model, {{ fingerprint('files') }} as value
  from {{ files }} as files;
  {% for source in graph.sources.values() if source.schema == 'raw' %}
  insert into landed_now
  select '{{ source.unique_id }}' as model, '' as value
  where '{{ source.unique_id }}' not in (select model from landed_now);
  {% endfor %}
  delete from landed_now as fresh using ops.model_state as was
  where fresh.model = was.model and fresh.value = was.value;
  delete from ops.model_state where model in (select model from landed_now);
  insert into ops.model_state (model, definition, value, epoch, parents, through, wrote)
  select model, '', value, '', '', {{ build }}, {{ build }}
  from landed_now;
  drop table landed_now
{% endmacro %}

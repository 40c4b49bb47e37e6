{# What was delivered of each source, as the state of that source: another delivery makes it another one. A post-hook of
   landing_files, so that it is written down in the transaction that shows the deliveries. #}
{% macro landed_sources() %}
  {% if execute %}
  {% set build, errors = tracked_run().build, 'source.' ~ project_name ~ '.landing.load_errors' %}
  {% do tracked_reread() %}
  create or replace temp table landed_now as
  select 'source.{{ project_name }}.' || source || '.' || entity as model, count(*) || ' ' || max(batch_id) as value
  from {{ this }}
  group by all
  union all
  select unnest(['{{ this.identifier }}', '{{ errors }}']) as model, {{ fingerprint('files') }} as value
  from {{ this }} as files;
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
  drop table landed_now;
  {% endif %}
{% endmacro %}

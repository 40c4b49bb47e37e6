{# Each dbt run has a number; rows that it writes are stamped with it (`changed_in`), and each tracked model remembers the
   last run it has taken in (`through`) and the last in which it wrote anything (`wrote`), in the transaction that wrote its
   rows. A run that was killed leaves some models behind others, and the next one finds out by these numbers what each of
   them has yet to see. Beside the number stands the zone of the run's days, which training reads. #}

{% macro create_ops_tables() %}
  {% if execute and flags.WHICH in ('build', 'run', 'test', 'seed') %}
    {% do run_query('create schema if not exists ops;'
      ~ ' create table if not exists ops.builds (build_id bigint, invocation_id varchar, started_at timestamp);'
      ~ ' alter table ops.builds add column if not exists reporting_timezone varchar;'
      ~ ' create table if not exists ops.model_state (model varchar, definition varchar, value varchar, epoch varchar,'
      ~ ' parents varchar, through bigint, wrote bigint);'
      ~ ' alter table ops.model_state add column if not exists wrote bigint;'
      ~ ' insert into ops.builds (build_id, invocation_id, started_at, reporting_timezone)'
      ~ " select coalesce(max(build_id), 0) + 1, '" ~ invocation_id ~ "', timezone('UTC', now()), "
      ~ quoted(var('reporting_timezone')) ~ ' from ops.builds') %}
    {% do run_query(engine_settings(tracked_run().build)) %}
    {% do tests_passed() %}{# made here, before two nodes at once could each make one #}
  {% endif %}
{% endmacro %}

{# The tracked models and views that this one reads, directly or through views and tables that are not tracked. #}
{% macro tracked_parents(node_ids, visited, found) %}
  {% for node_id in node_ids if node_id in graph.nodes and node_id not in visited %}
    {% set node = graph.nodes[node_id] %}
    {% do visited.append(node_id) %}
    {% if node.config.materialized in ('tracked', 'identity_partition', 'view') %}{% do found.append(node.name) %}{% endif %}
    {% if node.config.materialized not in ('tracked', 'identity_partition') %}
      {% do tracked_parents(node.depends_on.nodes, visited, found) %}
    {% endif %}
  {% endfor %}
{% endmacro %}

{# How this model comes up to date: {mode: rebuild | update, through, build, definition, value, epoch, parents, wrote, news}.
   Rebuilt is what does not exist, what is asked to be, what has changed itself, and what reads something rebuilt. Without
   `news`, no parent has changed since the model last looked, and nothing but the model's own value could be another. #}
{% macro tracked_plan(text) %}
  {% set run, found, seen = tracked_run(), [], [] %}
  {% do tracked_parents(model.depends_on.nodes, [], found) %}
  {% for name in found | sort if name not in config.get('compares', []) %}
    {% do seen.append(name ~ '=' ~ run.states.get(name, {}).get('epoch', '')) %}
  {% endfor %}
  {% set value_of = fragment_of(text, 'value') %}
  {% set contract = model.columns.values() | map(attribute='data_type') | list if config.get('contract').enforced else '' %}
  {% set state = run.states.get(this.identifier, {}) %}
  {% set plan = {
    'build': run.build, 'definition': local_md5(text ~ contract), 'parents': seen | join(' '), 'mode': 'update',
    'known': this.identifier in run.states, 'epoch': state.get('epoch', ''), 'through': state.get('through', -1),
    'value': run_query(value_of).columns[0].values()[0] | string if value_of else '', 'wrote': state.get('wrote'),
  } %}
  {% set same = state.get('definition') == plan.definition and state.get('value') == plan.value
    and state.get('parents') == plan.parents %}
  {% if load_cached_relation(this) is none or should_full_refresh() or not plan.known or not same %}
    {% do plan.update({'mode': 'rebuild'}) %}
  {% endif %}
  {% do plan.update({'news': plan.mode == 'rebuild'
    or tracked_news(model.depends_on.nodes, plan.through, config.get('after', []))}) %}
  {{ return(plan) }}
{% endmacro %}

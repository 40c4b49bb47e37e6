{# Each dbt run has a number; rows that it writes are stamped with it (`changed_in`), and each tracked model remembers the
   last run it has taken in, in the transaction that wrote its rows. A run that was killed leaves some models behind
   others, and the next one finds out by these numbers what each of them has yet to see. #}

{% macro create_ops_tables() %}
  {% if execute and flags.WHICH in ('build', 'run', 'test', 'seed') %}
    {% do run_query('create schema if not exists ops') %}
    {% do run_query('create table if not exists ops.builds (build_id bigint, invocation_id varchar, started_at timestamp)') %}
    {% do run_query('create table if not exists ops.model_state (model varchar, definition varchar, value varchar,'
      ~ ' epoch varchar, parents varchar, through bigint)') %}
    {% do run_query("insert into ops.builds select coalesce(max(build_id), 0) + 1, '" ~ invocation_id
      ~ "', timezone('UTC', now()) from ops.builds") %}
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

{# How this model comes up to date: {mode: rebuild | update, through, build, definition, value, epoch, parents}.
   Rebuilt is what does not exist, what is asked to be, what has changed itself, and what reads something rebuilt. #}
{% macro tracked_plan(text) %}
  {% set states, builds = {}, [] %}
  {% for row in run_query('select model, definition, value, epoch, parents, through, build_id from (select max(build_id) as'
    ~ ' build_id from ops.builds) as builds left join ops.model_state as state on true').rows %}
    {% do states.update({row[0]: {'definition': row[1], 'value': row[2], 'epoch': row[3], 'parents': row[4], 'through': row[5]}}) %}
    {% do builds.append(row[6] | int) %}
  {% endfor %}
  {% set found, seen = [], [] %}
  {% do tracked_parents(model.depends_on.nodes, [], found) %}
  {% for name in found | sort if name not in config.get('compares', []) %}
    {% do seen.append(name ~ '=' ~ states.get(name, {}).get('epoch', '')) %}
  {% endfor %}
  {% set value_of = fragment_of(text, 'value') %}
  {% set contract = model.columns.values() | map(attribute='data_type') | list if config.get('contract').enforced else '' %}
  {% set plan = {
    'build': builds[0], 'definition': local_md5(text ~ contract), 'parents': seen | join(' '), 'mode': 'update', 'known': this.identifier in states,
    'value': run_query(value_of).columns[0].values()[0] | string if value_of else '',
  } %}
  {% set state = states.get(this.identifier, {}) %}
  {% do plan.update({'epoch': state.get('epoch', ''), 'through': state.get('through', -1) | int}) %}
  {% set same = state.get('definition') == plan.definition and state.get('value') == plan.value
    and state.get('parents') == plan.parents %}
  {% if load_cached_relation(this) is none or should_full_refresh() or not plan.known or not same %}
    {% do plan.update({'mode': 'rebuild'}) %}
  {% endif %}
  {{ return(plan) }}
{% endmacro %}

{% macro tracked_remember(plan) %}
  {% do run_query("delete from ops.model_state where model = '" ~ this.identifier ~ "'") %}
  {% set values = [this.identifier, plan.definition, plan.value, plan.epoch, plan.parents] %}
  {% do run_query("insert into ops.model_state values (" ~ text_literals(values) ~ ", " ~ plan.build ~ ")") %}
{% endmacro %}

{% macro text_literals(values) -%}
  {%- for value in values -%} '{{ value | string | replace("'", "''") }}' {%- if not loop.last %}, {% endif -%} {%- endfor -%}
{%- endmacro %}

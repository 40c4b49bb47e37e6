{# Every data test: one that passed, and since then neither it nor anything that it reads has changed, passes at once in
   `dbt build`. What failed or warned runs again until it passes; `dbt test` and `--full-refresh` run all. Only generic tests
   say by their refs all that they read; a singular one always runs. #}
{% materialization test, default %}
  {%- set text = sql | replace(since_last_pass(), '') -%}
  {%- set rules = [config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')] -%}
  {%- set definition = local_md5(text ~ rules) -%}
  {%- set may_stand = flags.WHICH == 'build' and not should_full_refresh() and not should_store_failures()
    and model.get('test_metadata') and not asks_for_more(text) -%}

  {% if may_stand and test_stands(definition) %}
    {% do store_raw_result('main', message='UNCHANGED', code='UNCHANGED', rows_affected=0, agate_table=test_passed()) %}
    {{ return({'relations': []}) }}
  {% endif %}
  {% set relations = dbt.materialization_test_default() %}
  {% set found = load_result('main').table.rows[0] %}
  {% if found[0] == 0 and not found[1] and not found[2] %}
    {% if may_stand %}{% do tests_passed().update({model.unique_id: definition}) %}{% endif %}
  {% elif model.unique_id in tracked_run().states %}
    {% do run_query('delete from ops.model_state where model = ' ~ text_literals([model.unique_id])) %}
    {% do adapter.commit() %}
    {% do tracked_run().states.pop(model.unique_id) %}
  {% endif %}
  {{ return(relations) }}
{% endmaterialization %}

{# Did this test pass in a run after which nothing of what it reads was written? #}
{% macro test_stands(definition) %}
  {% set state, ns = tracked_run().states.get(model.unique_id, {}), namespace(there=true) %}
  {% for node_id in model.depends_on.nodes if node_id in graph.nodes %}
    {% set node = graph.nodes[node_id] %}
    {% set ns.there = ns.there and adapter.get_relation(node.database, node.schema, node.alias) is not none %}
  {% endfor %}
  {{ return(state.get('definition') == definition and ns.there and not tracked_news(model.depends_on.nodes, state.through)) }}
{% endmacro %}

{# Does the text ask for anything but the rows that it names: the time, chance, a setting, a file? #}
{% macro asks_for_more(text) %}
  {{ return(modules.re.search('\\b(now|today|age|current_\\w+|local_?time\\w*|\\w*_timestamp|random|uuid\\w*|gen_random_uuid|nextval'
    ~ '|getvariable|getenv|read_\\w+|glob|duckdb_\\w+|information_schema)\\b', text | lower) is not none) }}
{% endmacro %}

{# For a test that need only look at rows written since it last passed; no part of what the test is. #}
{% macro since_last_pass() %}
  {% set passed = {} if flags.FULL_REFRESH else tracked_run().states.get(model.unique_id, {}) %}
  {{ return(passed.get('through', -1) ~ ' /* since it last passed */') }}
{% endmacro %}

{# The one row that a test that found nothing gives; read once a run. #}
{% macro test_passed() %}
  {% if 'passed' not in tracked_run() %}
    {% do tracked_run().update({'passed': run_query('select 0 as failures, false as should_warn, false as should_error')}) %}
  {% endif %}
  {{ return(tracked_run().passed) }}
{% endmacro %}

{# Tests that passed in this run, with what each of them was: {name: definition}. #}
{% macro tests_passed() %}
  {% if graph.get('tests_passed', {}).get('run') != invocation_id %}
    {% do graph.update({'tests_passed': {'run': invocation_id, 'tests': {}}}) %}
  {% endif %}
  {{ return(graph['tests_passed'].tests) }}
{% endmacro %}

{# Writes them down, when the run ends: one statement instead of one for each test. A run that was killed tests again. #}
{% macro remember_tests() %}
  {% if execute and flags.WHICH == 'build' and tests_passed() %}
    {% set rows, build = [], tracked_run().build %}
    {% for name, definition in tests_passed().items() %}
      {% do rows.append('(' ~ text_literals([name, definition]) ~ ", '', '', '', " ~ build ~ ', null)') %}
    {% endfor %}
    delete from ops.model_state where model in ({{ text_literals(tests_passed().keys()) }});
    insert into ops.model_state (model, definition, value, epoch, parents, through, wrote) values {{ rows | join(', ') }};
  {% endif %}
{% endmacro %}

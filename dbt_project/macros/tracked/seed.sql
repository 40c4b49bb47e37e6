{# Every seed: loaded when its file is another one than the file that was loaded last, else left as it stands. The note of
   what was loaded is taken away first and made anew last, so that a load that was cut short is done again. #}
{% materialization seed, default %}
  {%- set target, existing = this.incorporate(type='table'), load_cached_relation(this) -%}
  {%- set settings = [config.get('column_types'), config.get('quote_columns'), config.get('delimiter')] -%}
  {%- set plan = {'build': tracked_run().build, 'definition': local_md5(model.checksum.checksum ~ settings),
    'value': '', 'epoch': '', 'parents': ''} -%}
  {# of a large file dbt knows only where it lies #}
  {%- set same = model.checksum.name != 'path'
    and tracked_run().states.get(this.identifier, {}).get('definition') == plan.definition -%}

  {% if same and existing and not should_full_refresh() and not pre_hooks and not post_hooks %}
    {% do tracked_left_alone() %}
    {# dbt looks for the rows, to print some when asked to #}
    {% do store_result('agate_table', response='NOTHING NEW') %}
    {{ return({'relations': [target]}) }}
  {% endif %}
  {% do run_query('delete from ops.model_state where model = ' ~ text_literals([this.identifier])) %}
  {# rows are copied by position: a table of other columns is made anew #}
  {% if existing and load_agate_table().column_names | list != adapter.get_columns_in_relation(existing) | map(attribute='name') | list %}
    {% do adapter.drop_relation(existing) %}
  {% endif %}
  {% set loaded = dbt.materialization_seed_default() %}
  {% do run_query(tracked_remembered(this.identifier, plan, plan.build)) %}
  {% do tracked_know(this.identifier, plan, plan.build) %}
  {{ return(loaded) }}
{% endmaterialization %}

{# As the adapter does it, from wherever the project lies: quotes would end the path early, brackets be a pattern. #}
{% macro duckdb__load_csv_rows(model, agate_table) %}
  {% set path = adapter.get_seed_file_path(model) | replace('[', '[[]') %}
  {% set copy = 'copy ' ~ this ~ ' from ' ~ quoted(path) ~ ' (format csv, header true, delimiter ' ~ quoted(config.get('delimiter', ',')) ~ ')' %}
  {% do adapter.add_query(copy, abridge_sql_log=True) %}
  {{ return(copy) }}
{% endmacro %}

{# Statements that score every user anew with the models that serve and are kept as SQL; no Python model is loaded.
   The text is the one that profilectl_ml/scoring.py runs, and so is what is done with it. Models that predict in
   batches keep their rows of ml.scores until `profilectl` scores them. #}
{% macro rescored() %}
  {% if execute and flags.WHICH in ('build', 'run') %}
    {% set before = run_query("select current_setting('disabled_optimizers')").columns[0].values()[0] or '' %}
    set disabled_optimizers = '{{ ([before] if before else []) | join }}{{ ',' if before }}common_subexpressions';
    {% for task, model_id, scoring_sql in run_query(models_in_sql()).rows %}
      delete from ml.scores where task = {{ quoted(task) }};
      insert into ml.scores (user_id, task, score, percentile, model_id, scored_at, as_of)
      select
          user_id,
          {{ quoted(task) }},
          score,
          100 * cume_dist() over (order by score),
          {{ quoted(model_id) }},
          cast(now() at time zone 'UTC' as timestamp),
          as_of
      from ({{ scoring_sql }}) as scored;
    {% endfor %}
    set disabled_optimizers = '{{ before }}';
  {% endif %}
{% endmacro %}


{# Serving models with a statement that scores; that of a clustering assigns segments. One whose columns are gone waits for `profilectl train`: the marts must build first. #}
{% macro models_in_sql() %}
with serving as (

    select
        task,
        model_id,
        scoring_sql,
        features,
        details ->> '$.task.features[0]' as feature_schema,
        details ->> '$.task.features[1]' as feature_table
    from ml.models
    where serving and scoring_sql is not null and kind in ('regression', 'classification')

),

read_columns as (

    select model_id, feature_schema, feature_table, unnest(from_json(features -> '$.names', '["VARCHAR"]')) as column_name
    from serving

),

outdated as (

    select read_columns.model_id
    from read_columns
    left join information_schema.columns as there
        on
            read_columns.feature_schema = there.table_schema
            and read_columns.feature_table = there.table_name
            and read_columns.column_name = there.column_name
            and there.table_catalog = current_database()
    where there.column_name is null

)

select task, model_id, scoring_sql
from serving
where model_id not in (select model_id from outdated)
order by task
{% endmacro %}


{% macro quoted(text) -%}
  '{{ text | replace("'", "''") }}'
{%- endmacro %}

{# Statements that score anew, with the models that serve and are kept as SQL, the users whose features changed since; no
   Python model is loaded. The text is the one that profilectl_ml/scoring.py runs, and so is what is done with it. Models that
   predict in batches keep their rows of ml.scores until `profilectl` scores them. #}
{% macro rescored() %}
  {% if execute and flags.WHICH in ('build', 'run') %}
    {% set before = run_query("select current_setting('disabled_optimizers')").columns[0].values()[0] or '' %}
    set disabled_optimizers = '{{ ([before] if before else []) | join }}{{ ',' if before }}common_subexpressions';
    {% for task, model_id, scoring_sql, schema, table, entity, tracks, through in run_query(models_in_sql()).rows %}
      {% set features = '"' ~ schema ~ '"."' ~ table ~ '"' %}
      {% set newest = run_query('select max(changed_in) from ' ~ features).columns[0].values()[0] if tracks else none %}
      {% if newest is none or through is none or newest > through %}
        {{ rescored_users(task, model_id, scoring_sql, features, quoted_name(entity), newest, through) }}
      {% endif %}
    {% endfor %}
    set disabled_optimizers = '{{ before }}';
  {% endif %}
{% endmacro %}


{# Above a hundred thousand users, scoring everyone takes no longer. Others keep their scores, and the percentiles these had
   when they were made. #}
{% macro rescored_users(task, model_id, scoring_sql, features, entity, newest, through) %}
  {% set changed = run_query('select count(*) from ' ~ features ~ ' where changed_in > ' ~ through).columns[0].values()[0]
    if newest is not none and through is not none else none %}
  {% set latest = run_query('select cast(max(scored_at) as varchar) from ml.scores').columns[0].values()[0] %}
  {% set some = changed is not none and changed <= 100000 %}
  {% if some %}
    create or replace temp table touched_features as select * from {{ features }} where changed_in > {{ through }};
  {% endif %}
  create or replace temp table scored_now as
  select
      user_id,
      score,
      as_of
  from ({{ scoring_sql | replace(features, 'temp.touched_features') if some else scoring_sql }}) as scored;
  delete from ml.scores
  where
      task = {{ quoted(task) }}
      {% if some %}
        and (
            user_id in (select user_id from temp.scored_now)
            or user_id not in (select cast({{ entity }} as varchar) from {{ features }})
        )
      {% endif %};
  insert into ml.scores (user_id, task, score, percentile, model_id, scored_at, as_of)
  select
      user_id,
      {{ quoted(task) }},
      score,
      percentile,
      {{ quoted(model_id) }},
      {# later than every row, even if the clock was set back: what changed since is found by it #}
      greatest(cast(now() at time zone 'UTC' as timestamp), cast('{{ latest or '1970-01-01' }}' as timestamp) + interval 1 microsecond),
      as_of
  from (
      select *, 100 * cume_dist() over (order by score) as percentile
      from (
          select user_id, score, as_of, true as is_now
          from temp.scored_now
          union all
          select user_id, score, as_of, false
          from ml.scores
          where task = {{ quoted(task) }}
      ) as everyone
  ) as ranked
  where is_now;
  drop table temp.scored_now;
  delete from ml.scored where task = {{ quoted(task) }} and what = 'scores';
  {% if newest is not none %}
    insert into ml.scored values ({{ quoted(task) }}, 'scores', {{ quoted(model_id) }}, {{ newest }});
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
        details ->> '$.task.features[1]' as feature_table,
        details ->> '$.task.entity' as entity
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

select
    serving.task,
    serving.model_id,
    serving.scoring_sql,
    serving.feature_schema,
    serving.feature_table,
    serving.entity,
    tracking.column_name is not null as tracks,
    scored.through
from serving
left join ml.scored as scored
    on serving.task = scored.task and serving.model_id = scored.model_id and scored.what = 'scores'
left join information_schema.columns as tracking
    on
        serving.feature_schema = tracking.table_schema
        and serving.feature_table = tracking.table_name
        and tracking.column_name = 'changed_in'
        and tracking.table_catalog = current_database()
where serving.model_id not in (select model_id from outdated)
order by serving.task
{% endmacro %}


{% macro quoted(text) -%}
  '{{ text | replace("'", "''") }}'
{%- endmacro %}


{% macro quoted_name(text) -%}
  "{{ text | replace('"', '""') }}"
{%- endmacro %}

{# Statements that score anew, with the models that serve and are kept as SQL, the users whose features changed since; no
   Python model is loaded. The text is the one that profilectl_ml/scoring.py runs, and so is what is done with it. Models that
   predict in batches keep their rows of ml.scores until `profilectl` scores them. #}
{% macro rescored() %}
  {% if execute and flags.WHICH in ('build', 'run') %}
    {% set before = run_query("select current_setting('disabled_optimizers')").columns[0].values()[0] or '' %}
    set disabled_optimizers = '{{ ([before] if before else []) | join }}{{ ',' if before }}common_subexpressions';
    {% for task, model_id, scoring_sql, schema, table, entity, tracks, columns, through, seen in run_query(models_in_sql()).rows %}
      {% set features = '"' ~ schema ~ '"."' ~ table ~ '"' %}
      {# a user who went leaves no row to be stamped; but the table remembers in which run it was written #}
      {% set newest = run_query('select greatest(max(changed_in), (select max(wrote) from ops.model_state where model = '
        ~ quoted(table) ~ ')) from ' ~ features).columns[0].values()[0] if tracks else none %}
      {# profilectl_ml/watermarks.py makes the same text of features that keep no track #}
      {% set found = run_query('select ' ~ fingerprint(columns) ~ ' from ' ~ features).columns[0].values()[0]
        if not tracks else none %}
      {% if (newest is none or through is none or newest > through) and (tracks or found != seen) %}
        {{ rescored_users(task, model_id, scoring_sql, features, quoted_name(entity), newest, through, found) }}
      {% endif %}
    {% endfor %}
    set disabled_optimizers = '{{ before }}';
  {% endif %}
{% endmacro %}


{# Above a hundred thousand users, scoring everyone takes no longer. Others keep their scores, and the percentiles these had
   when they were made. #}
{% macro rescored_users(task, model_id, scoring_sql, features, entity, newest, through, found) %}
  {% set changed = run_query('select count(*) from ' ~ features ~ ' where changed_in > ' ~ through).columns[0].values()[0]
    if newest is not none and through is not none else none %}
  {% set latest = run_query('select cast(max(scored_at) as varchar) from ml.scores').columns[0].values()[0] %}
  {% set some = changed is not none and changed <= 100000 %}
  {% set touched = '(select * from ' ~ features ~ ' where changed_in > ' ~ through ~ ')' %}
  create or replace temp table scored_now as
  select
      user_id,
      score,
      as_of
  {# the engine reads the stamp before it reads the columns that the statement asks for #}
  from ({{ scoring_sql | replace(features, touched) if some else scoring_sql }}) as scored;
  delete from ml.scores
  where task = {{ quoted(task) }} {{ 'and user_id in (select user_id from temp.scored_now)' if some }};
  {% if some and users_went(task, features, entity, touched) %}
    delete from ml.scores
    where task = {{ quoted(task) }} and user_id not in (select cast({{ entity }} as varchar) from {{ features }});
  {% endif %}
  insert into ml.scores (user_id, task, score, percentile, model_id, scored_at, as_of)
  select
      scored_now.user_id,
      {{ quoted(task) }},
      scored_now.score,
      ranked.percentile,
      {{ quoted(model_id) }},
      {# later than every row, even if the clock was set back: what changed since is found by it #}
      greatest(cast(now() at time zone 'UTC' as timestamp), cast('{{ latest or '1970-01-01' }}' as timestamp) + interval 1 microsecond),
      scored_now.as_of
  from temp.scored_now as scored_now
  {# of numbers alone: sorting names beside them takes as long again #}
  inner join (
      select distinct score, percentile
      from (
          select score, is_now, 100 * cume_dist() over (order by score) as percentile
          from (
              select score, true as is_now from temp.scored_now
              union all
              select score, false from ml.scores where task = {{ quoted(task) }}
          ) as everyone
      ) as placed
      where is_now
  ) as ranked on scored_now.score is not distinct from ranked.score;
  drop table temp.scored_now;
  delete from ml.scored where task = {{ quoted(task) }} and what = 'scores';
  {% if newest is not none or found is not none %}
    insert into ml.scored (task, what, model_id, through, fingerprint) values ({{ quoted(task) }}, 'scores',
      {{ quoted(model_id) }}, {{ 'null' if newest is none else newest }}, {{ 'null' if found is none else quoted(found) }});
  {% endif %}
{% endmacro %}


{# Is anyone scored who has no features any more? By number and sum of hashes of those who will be scored: it takes a fraction
   of looking for their names. #}
{% macro users_went(task, features, entity, touched) %}
  {% set scored = "(select user_id from ml.scores where task = " ~ quoted(task) ~ ")" %}
  {% set name = 'cast(' ~ entity ~ ' as varchar)' %}
  {% set those = 'select count(*) as users, coalesce(sum(' ~ passing_hash('user_id') ~ '), 0) as hashed from ' %}
  {% set touched = '(select ' ~ name ~ ' as user_id from ' ~ touched ~ ' as touched)' %}
  {{ return(run_query('select scored.users - again.users + touched.users <> featured.users or scored.hashed - again.hashed'
    ~ ' + touched.hashed <> featured.hashed from (' ~ those ~ scored ~ ' as scored) as scored cross join (' ~ those ~ scored
    ~ ' as scored where user_id in ' ~ touched ~ ') as again cross join (' ~ those ~ touched ~ ' as touched) as touched'
    ~ ' cross join (' ~ those ~ '(select ' ~ name ~ ' as user_id from ' ~ features ~ ') as featured) as featured'
    ).columns[0].values()[0]) }}
{% endmacro %}


{# Serving models with a statement that scores; that of a clustering assigns segments. One whose columns are gone, or hold
   something else than was learnt (check_features in profilectl_ml/data.py), waits for `profilectl train`: the marts must build
   first. #}
{% macro models_in_sql() %}
with serving as (

    select
        task,
        model_id,
        scoring_sql,
        from_json(features -> '$.names', '["VARCHAR"]') as names,
        json_keys(features, '$.vocabularies') as texts,
        details ->> '$.task.features[0]' as feature_schema,
        details ->> '$.task.features[1]' as feature_table,
        details ->> '$.task.entity' as entity,
        details ->> '$.task.population' as population,
        details ->> '$.task.as_of' as as_of
    from ml.models
    where serving and scoring_sql is not null and kind in ('regression', 'classification')

),

read_columns as (

    select model_id, feature_schema, feature_table, unnest([entity, as_of]) as column_name, '' as types
    from serving
    union all
    select model_id, feature_schema, feature_table, population, '^BOOLEAN$'
    from serving
    union all
    select
        model_id,
        feature_schema,
        feature_table,
        name,
        case
            when list_contains(texts, name) then '^(VARCHAR$|ENUM)'
            else '^((BOOLEAN|FLOAT|DOUBLE|U?(TINY|SMALL|BIG)INT|U?INTEGER|HUGEINT)$|DECIMAL)'
        end
    from (select *, unnest(names) as name from serving) as named

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
    where
        read_columns.column_name is not null
        and (
            there.column_name is null
            or not regexp_matches(there.data_type, read_columns.types)
        )

),

listed as (

    select
        model_id,
        string_agg('"' || replace(column_name, '"', '""') || '"', ', ' order by column_name) as columns
    from read_columns
    group by model_id

)

select
    serving.task,
    serving.model_id,
    serving.scoring_sql,
    serving.feature_schema,
    serving.feature_table,
    serving.entity,
    tracking.column_name is not null as tracks,
    listed.columns,
    scored.through,
    scored.fingerprint
from serving
inner join listed on serving.model_id = listed.model_id
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

{# Scores are written by `profilectl train`; the empty tables let a first `dbt build` succeed before any model exists. #}
{% macro create_ml_tables() %}
  {% if execute and flags.WHICH in ('build', 'run', 'test') %}
    {% do run_query('create schema if not exists ml') %}
    {% do run_query(
      'create table if not exists ml.scores (user_id varchar, task varchar, score double, percentile double,'
      ~ ' model_id varchar, scored_at timestamp, as_of date)'
    ) %}
    {% do run_query(
      'create table if not exists ml.recommendations (user_id varchar, task varchar, rank integer, item varchar,'
      ~ ' score double, reason varchar, is_repeat boolean, model_id varchar, recommended_at timestamp, as_of date)'
    ) %}
  {% endif %}
{% endmacro %}

{# Models and scores are written by `profilectl train`; the empty tables let a first `dbt build` succeed before any model
   exists. The same columns as in profilectl_ml/schema.py, which makes the rest; a test holds the two together. #}
{% macro ml_tables() %}
  {{ return({
      'scores': 'user_id varchar, task varchar, score double, percentile double, model_id varchar, scored_at timestamp,'
        ~ ' as_of date',
      'models': 'model_id varchar, run_id varchar, task varchar, kind varchar, candidate varchar, format_version integer,'
        ~ ' artefact blob, features varchar, created_at timestamp, serving boolean, scoring_sql varchar, details varchar',
      'recommendations': 'user_id varchar, task varchar, rank integer, item varchar, score double, reason varchar,'
        ~ ' is_repeat boolean, model_id varchar, recommended_at timestamp, as_of date',
      'segments': 'user_id varchar, task varchar, segment varchar, distance double, model_id varchar,'
        ~ ' assigned_at timestamp, as_of date',
      'segment_profiles': 'task varchar, segment varchar, description varchar, users bigint, share double, value double,'
        ~ ' details varchar, model_id varchar',
      'scored': 'task varchar, what varchar, model_id varchar, through bigint, fingerprint varchar',
  }) }}
{% endmacro %}


{% macro create_ml_tables() %}
  {% if execute and flags.WHICH in ('build', 'run', 'test') %}
    {% set statements = ['create schema if not exists ml'] %}
    {% for name, columns in ml_tables().items() %}
      {% do statements.append('create table if not exists ml.' ~ name ~ ' (' ~ columns ~ ')') %}
      {# A warehouse that an earlier version made lacks later columns. #}
      {% for column in columns.split(', ') %}
        {% do statements.append('alter table ml.' ~ name ~ ' add column if not exists ' ~ column) %}
      {% endfor %}
    {% endfor %}
    {% do run_query(statements | join(';')) %}
  {% endif %}
{% endmacro %}

{# CTEs that end in `kept`: the columns of one part of user_features in the form they are kept in, one row per user. The model
   imports clock (as_of, data_days) and features. #}
{% macro history_kept_ctes(part) %}
{%- set names = history_parts()[part] -%}
{%- set formed = [] -%}
{%- for name in names if history_form(name) != 'as_is' -%}{%- do formed.append(name) -%}{%- endfor -%}
formed as (

    select
        features.user_id,
        clock.as_of,
        clock.data_days
        {%- for name in names %},
        features.{{ name }} as {{ history_column(name) }}
        {%- endfor %}
        {%- for name in formed %},
        {{ history_stored(name, 'features', 'clock.as_of', 'clock.data_days') }} as {{ history_column(name) }}__kept
        {%- endfor %}
    from features
    cross join clock

),

checked as (

    select
        *,
        {%- for name in formed %}
        {{ 'or ' if not loop.first }}(formed.{{ history_column(name) }} is distinct from (
            {{- history_told(name, 'formed', 'formed.as_of', 'formed.data_days', '__kept') -}}
        ))
        {%- else %}
        false
        {%- endfor %} as is_raw
    from formed

),

kept as (

    select
        user_id,
        is_raw
        {%- for name in names %}
        {%- set column = history_column(name) %},
        {% if name in formed %}case when is_raw then {{ column }} else {{ column }}__kept end as {% endif %}{{ column }}
        {%- endfor %}
    from checked

)
{%- endmacro %}

{# What "now" is, and how many days of purchases there are: averages count from the first (macro ewma_ctes). #}
{% macro history_clock_cte() %}
clock as (

    select
        clock.as_of,
        {{ days_between('min(purchases.occurred_on)', 'clock.as_of') }} + 1 as data_days
    from {{ ref('int_clock') }} as clock
    left join {{ ref('int_daily_purchases') }} as purchases on purchases.usable_on <= clock.as_of
    group by clock.as_of

)
{%- endmacro %}

{# The time most scores of a task were made at: rows that have it need not say so. #}
{% macro score_times(scores) -%}
    select task, max_by(scored_at, row(times, scored_at)) as usual_scored_at
    from (select task, scored_at, count(*) as times from {{ scores }} group by task, scored_at) as counted
    group by task
{%- endmacro %}

{% macro score_times_cte() %}
score_times as (

    {{ score_times(ref('user_scores')) }}

)
{%- endmacro %}

{# Users whose features were written since the last build that was taken in, and those who went. #}
{% macro features_touched() -%}
  select user_id from ({{ fragment_of(touched_users(), 'touched') }}) as moved union select user_id from {{ update_ref('user_features') }}
  where changed_in > __through__
{%- endmacro %}

{# In an update, the features of those users: by their stamp, which the engine reads before anything else of a row. #}
{% macro only_features_touched() -%} {{ in_update('where user_features.changed_in > __through__') }} {%- endmacro %}

{# Users with something written since the last build that was taken in, by the time it was written; those who came or went; and
   those who went before, but whose rows were still there: scoring takes them away, and nothing else tells. #}
{% macro written_since(mart, at) -%}
  select user_id from ({{ fragment_of(touched_users(), 'touched') }}) as moved union select user_id from {{ update_ref(mart) }} where
  {{ at }} >= (select started_at from ops.builds where build_id = __through__) union select user_id from {{ this }} where
  not is_user and to_build = {{ still_open() }}
{%- endmacro %}

{# Which model speaks for which task: another one may have been given back its rows without a word of when. #}
{% macro serving_models(mart) -%}
  select string_agg(task || ' ' || model_id, ' ' order by task, model_id) from
  (select distinct task, model_id from {{ update_ref(mart) }}) as serving
{%- endmacro %}

{# The day and the usual time count, because a score that is not of them says so. #}
{% macro scores_depend_on() -%}
  select concat_ws(' ', (select max(as_of) from {{ update_ref('int_clock') }}), ({{ serving_models('user_scores') }}),
  (select string_agg(task || ' ' || usual_scored_at, ' ' order by task) from ({{ score_times(update_ref('user_scores')) }}) as t))
{%- endmacro %}

{# A table of the history, by schema and name but without the database: the published file has another name, and its views are
   these texts. #}
{% macro history_ref(name) %}{{ return(ref('history_' ~ name).include(database=false)) }}{% endmacro %}

{# True for the rows of `relation` that the build of `days` saw. #}
{% macro seen_by(relation, days) -%}
  {{ relation }}.from_build <= {{ days }}.build_id and {{ relation }}.to_build > {{ days }}.build_id
{%- endmacro %}

{# Days with a build, each up to the next one; the last build holds now. Days beyond its own are of builds that took another
   day for today, and count again once it has come. #}
{% macro history_days_cte() %}
days as (

    select
        *,
        day as valid_from,
        lead(day) over (order by day) as valid_to
    from {{ history_ref('days') }}
    where day <= (select arg_max(day, build_id) from {{ history_ref('days') }})

)
{%- endmacro %}

{# `select` items: every feature as it was, out of the tables of `feature_joins`. #}
{% macro history_features(days, without=[]) %}
  {%- set part_of = {} -%}
  {%- for part, names in history_parts().items() %}{% for name in names %}{% do part_of.update({name: part}) %}{% endfor %}{% endfor -%}
  {%- for name in feature_columns() if name not in without %}
    {%- set part = part_of[name] -%}
    {%- set column = part ~ '.' ~ history_column(name) %},
        {% if history_form(name) == 'as_is' %}{{ column }} as {{ name }}
        {%- else %}case when {{ part }}.is_raw then {{ column }}
            else {{ history_told(name, part, days ~ '.day', days ~ '.data_days') }} end as {{ name }}{% endif %}
  {%- endfor %}
{%- endmacro %}

{% macro history_joins(spine, parts) %}
  {%- for part in parts %}
    inner join {{ history_ref(part) }} as {{ part }}
        on {{ spine }}.user_id = {{ part }}.user_id and {{ seen_by(part, spine) }}
  {%- endfor %}
{%- endmacro %}

{# What sources said about a person by then: for each attribute the latest value that is not empty. #}
{% macro profile_attributes() %}
  {% do return(['age_band', 'income_band', 'home_ownership', 'marital_status', 'household_size',
    'household_composition', 'kids_count']) %}
{% endmacro %}

{% macro profile_columns() %}
  {% do return({
    'count': ['profile_records'],
    'measure': ['profile_age_days', 'consent'],
    'category': profile_attributes(),
  }) %}
{% endmacro %}

{% macro profile_ctes(spine) %}
{%- set attributes = profile_attributes() + ['consent'] -%}
profile_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'people', attributes + ['updated_at', 'person_record_id']) }}

),

profile as (

    select
        user_key,
        cutoff,
        count(*) as profile_records,
        min(days_ago) as profile_age_days
        {%- for attribute in attributes %},
        {{ latest(attribute, 'updated_at', 'person_record_id') }} as {{ attribute }}
        {%- endfor %}
    from profile_rows
    group by user_key, cutoff

)
{%- endmacro %}

{# One row per user, cutoff and day with a purchase: what several groups read, made once. #}
{% macro purchase_days_cte(spine) %}
{%- set sums = ['spend', 'baskets', 'lines', 'units', 'discount', 'private_brand'] -%}
{%- for interest in var('interest_departments') -%}{%- do sums.append('spend_' ~ interest) -%}{%- endfor -%}
purchase_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'purchases', sums) }}

),

purchase_days as (

    select
        user_key,
        cutoff,
        days_ago
        {%- for column in sums %},
        sum({{ column }}) as {{ column }}
        {%- endfor %}
    from purchase_rows
    group by user_key, cutoff, days_ago

)
{%- endmacro %}

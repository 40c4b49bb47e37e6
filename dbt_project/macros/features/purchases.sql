{# One row per user, cutoff and day with a purchase: what several groups read, made once. #}
{% macro purchase_days_cte(spine) %}
{%- set sums = ['spend', 'gross_spend', 'units', 'discount', 'private_brand'] -%}
purchase_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'purchases', sums + ['baskets', 'lines']) }}

),

purchase_days as (

    select
        user_key,
        cutoff,
        days_ago,
        {%- for column in sums %}
        {{ exact('sum(' ~ column ~ ')') }} as {{ column }},
        {%- endfor %}
        cast(sum(baskets) as bigint) as baskets,
        cast(sum(lines) as bigint) as lines
    from purchase_rows
    group by user_key, cutoff, days_ago

)
{%- endmacro %}

{# Weighted averages in which a day counts half as much as the day one half-life (in weeks) after it. #}
{% macro ewma_half_lives() %}
  {% do return({'spend': [1, 2, 4, 8, 16, 32], 'baskets': [1, 2, 4, 8, 16]}) %}
{% endmacro %}

{% macro ewma_columns() %}
  {% set names = [] %}
  {% for column, weeks in ewma_half_lives().items() %}
    {% for week in weeks %}{% do names.append(column ~ '_ewma_' ~ week ~ 'w') %}{% endfor %}
  {% endfor %}
  {% do return({'amount': names}) %}
{% endmacro %}

{% macro ewma_ctes(spine) %}
-- of everybody's purchases, also in an update
first_days as (

    select usable_on, min(occurred_on) as first_on from {{ ref('int_daily_purchases') }} group by usable_on

),

-- Days of data before each cutoff: the weights of days without a purchase count too.
data_days as (

    select cutoffs.cutoff, {{ days_between('min(first_days.first_on)', 'cutoffs.cutoff') }} + 1 as days
    from (select distinct cutoff from {{ spine }}) as cutoffs
    inner join first_days on cutoffs.cutoff >= first_days.usable_on
    group by cutoffs.cutoff

),

ewma as (

    select
        purchase_days.user_key,
        purchase_days.cutoff
        {%- for column, half_lives in ewma_half_lives().items() %}{% for weeks in half_lives %},
        {%- set kept = 0.5 ** (1 / (7 * weeks)) %}
        28 * cast(sum({{ exact(column ~ ' * power(' ~ kept ~ ', days_ago)', 6) }}) as double) * {{ 1 - kept }}
        / (1 - power({{ kept }}, max(data_days.days))) as {{ column }}_ewma_{{ weeks }}w
        {%- endfor %}{% endfor %}
    from purchase_days
    inner join data_days on purchase_days.cutoff = data_days.cutoff
    group by purchase_days.user_key, purchase_days.cutoff

)
{%- endmacro %}

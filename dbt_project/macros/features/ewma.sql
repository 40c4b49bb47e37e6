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
        {%- set name = column ~ '_ewma_' ~ weeks ~ 'w' %}
        {%- set weight = 'power(' ~ ewma_kept(name) ~ ', days_ago + ' ~ days_to_anchor('purchase_days.cutoff') ~ ')' %}
        {%- set total = 'cast(sum(' ~ exact(column ~ ' * ' ~ weight, 8) ~ ') as double)' %}
        {{ ewma_value(total, name, 'purchase_days.cutoff', 'max(data_days.days)') }} as {{ name }}
        {%- endfor %}{% endfor %}
    from purchase_days
    inner join data_days on purchase_days.cutoff = data_days.cutoff
    group by purchase_days.user_key, purchase_days.cutoff

)
{%- endmacro %}

{# What a day weighs of the day after it, by the name of the average. #}
{% macro ewma_kept(name) -%} {{ 0.5 ** (1 / (7 * (name.split('_')[-1][:-1] | int))) }} {%- endmacro %}

{# Days from a cutoff to the last of its four weeks. Purchases are weighed as of that day, so that their sum stays the same while
   time passes and none is added, and history can keep it (macros/history); the average is turned back from there. #}
{% macro days_to_anchor(cutoff) -%} (27 - mod({{ days_between("date '1970-01-05'", cutoff) }}, 28)) {%- endmacro %}

{# The average as of a cutoff, from the sum of what was weighed as of its anchor. History keeps sums: change what they mean under
   another name only. #}
{% macro ewma_value(total, name, cutoff, data_days) -%}
  {%- set kept = ewma_kept(name) | float -%}
  28 * {{ total }} * {{ 1 - kept }} / (1 - power({{ kept }}, {{ data_days }})) / power({{ kept }}, {{ days_to_anchor(cutoff) }})
{%- endmacro %}

{# The sum that an average came from: it has eight decimals, so that rounding finds it exactly. #}
{% macro ewma_sum_of(value, name, cutoff, data_days) -%}
  {%- set kept = ewma_kept(name) | float -%}
  round({{ value }} * power({{ kept }}, {{ days_to_anchor(cutoff) }}) * (1 - power({{ kept }}, {{ data_days }})) / {{ 28 * (1 - kept) }}, 8)
{%- endmacro %}

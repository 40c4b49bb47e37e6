{# Money: how much, how often, in windows of days that end with the cutoff. #}
{% macro money_windows() %}{% do return([7, 14, 28, 56, 84, 91, 182, 364]) %}{% endmacro %}

{% macro money_columns() %}
  {% set counts = ['lines_28d', 'lines_91d', 'active_days_28d', 'active_days_91d'] %}
  {% set amounts = ['units_28d', 'units_91d', 'discount_28d', 'discount_91d', 'weekend_spend_84d',
    'private_brand_91d', 'spend_day_max_91d', 'spend_trend_28d'] %}
  {% for days in money_windows() %}
    {% do counts.append('baskets_' ~ days ~ 'd') %}{% do amounts.append('spend_' ~ days ~ 'd') %}
  {% endfor %}
  {% for lag in range(1, 7) %}{% do amounts.append('spend_lag' ~ lag ~ '_28d') %}{% endfor %}
  {% do return({'count': counts, 'amount': amounts, 'measure': [
    'basket_value_28d', 'basket_value_91d', 'basket_value_364d', 'lines_per_basket_91d', 'discount_share_91d',
    'discount_share_364d',
  ]}) %}
{% endmacro %}

{% macro money_ctes(spine) %}
money_sums as {{ inlined() }} (

    select
        user_key,
        cutoff,
        {%- for days in money_windows() %}
        {{ window_sum('spend', days) }} as spend_{{ days }}d,
        {{ window_sum('baskets', days) }} as baskets_{{ days }}d,
        {%- endfor %}
        {%- for lag in range(1, 7) %}
        {{ window_sum('spend', 28, 28 * lag) }} as spend_lag{{ lag }}_28d,
        {%- endfor %}
        {%- for days in [28, 91] %}
        {{ window_sum('lines', days) }} as lines_{{ days }}d,
        {{ window_sum('units', days) }} as units_{{ days }}d,
        {{ window_sum('discount', days) }} as discount_{{ days }}d,
        count(*) filter (where days_ago < {{ days }}) as active_days_{{ days }}d,
        {%- endfor %}
        {{ window_sum('discount', 364) }} as discount_364d,
        {{ window_sum('gross_spend', 91) }} as gross_spend_91d,
        {{ window_sum('gross_spend', 364) }} as gross_spend_364d,
        {{ window_sum('private_brand', 91) }} as private_brand_91d,
        {{ weekend_sum('spend', 84) }} as weekend_spend_84d,
        cast(max(spend) filter (where days_ago < 91) as double) as spend_day_max_91d
    from purchase_days
    group by user_key, cutoff

),

money as (

    select
        *,
        spend_28d - spend_84d / 3 as spend_trend_28d,
        {%- for days in [28, 91, 364] %}
        {{ ratio('spend_' ~ days ~ 'd', 'baskets_' ~ days ~ 'd') }} as basket_value_{{ days }}d,
        {%- endfor %}
        {{ ratio('lines_91d', 'baskets_91d') }} as lines_per_basket_91d,
        {{ ratio('discount_91d', 'gross_spend_91d + discount_91d') }} as discount_share_91d,
        {{ ratio('discount_364d', 'gross_spend_364d + discount_364d') }} as discount_share_364d
    from money_sums

)
{%- endmacro %}

{# Saturdays and Sundays only. 1970-01-05 was a Monday. #}
{% macro weekend_sum(expression, days) -%}
  {%- set day_number = days_between("date '1970-01-05'", 'cutoff') ~ ' - days_ago' -%}
  cast(sum({{ expression }}) filter (where days_ago < {{ days }} and mod({{ day_number }}, 7) >= 5) as double)
{%- endmacro %}

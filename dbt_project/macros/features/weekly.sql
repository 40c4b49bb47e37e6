{# The last twelve weeks one by one (week 0 ends with the cutoff), and how steady they are. #}
{% macro weekly_names() %}
  {% set names = [] %}
  {% for week in range(12) %}{% do names.append('spend_week_' ~ week) %}{% endfor %}
  {% do return(names) %}
{% endmacro %}

{% macro weekly_columns() %}
  {% do return({'count': ['zero_weeks_12w'], 'amount': weekly_names() + [
    'spend_week_std_12w', 'spend_week_max_12w', 'spend_week_median_12w', 'spend_week_trimmed_12w', 'spend_slope_12w',
  ]}) %}
{% endmacro %}

{% macro weekly_ctes(spine) %}
{%- set weeks = weekly_names() -%}
weekly_sums as (

    select
        user_key,
        cutoff
        {%- for week in weeks %},
        {{ window_sum('spend', 7, 7 * loop.index0) }} as {{ week }}
        {%- endfor %}
    from purchase_days
    where days_ago < 84
    group by user_key, cutoff

),

weekly_totals as {{ inlined() }} (

    select
        *,
        {{ weeks | join(' + ') }} as spend_12w,
        greatest({{ weeks | join(', ') }}) as spend_week_max_12w
    from weekly_sums

),
{{ weekly_shape_cte(weeks) }}
{%- endmacro %}

{% macro weekly_shape_cte(weeks) %}
weekly as (

    select
        *,
        {{ row_median(weeks) }} as spend_week_median_12w,
        (spend_12w - spend_week_max_12w) / 11 as spend_week_trimmed_12w,
        sqrt((
            {%- for week in weeks %}
            ({{ week }} - spend_12w / 12) * ({{ week }} - spend_12w / 12){% if not loop.last %} +{% endif %}
            {%- endfor %}
        ) / 12) as spend_week_std_12w,
        -- least squares over the twelve: 143 is the sum of squared distances from their middle
        (
            {%- for week in weeks %}
            {{ week }} * {{ 5.5 - loop.index0 }}{% if not loop.last %} +{% endif %}
            {%- endfor %}
        ) / 143 as spend_slope_12w,
        {%- for week in weeks %}
        case when {{ week }} = 0 then 1 else 0 end {% if not loop.last %}+{% endif %}
        {%- endfor %} as zero_weeks_12w
    from weekly_totals

)
{%- endmacro %}

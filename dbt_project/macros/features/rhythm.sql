{# Since ever: how long a customer, how much, and how regular the days with a purchase. #}
{% macro rhythm_columns() %}
  {% do return({
    'count': ['baskets_all', 'purchase_days_all'],
    'amount': ['spend_all', 'spend_tenure_28d'],
    'measure': ['recency_days', 'tenure_days', 'gap_mean_days', 'gap_std_days', 'recency_over_gap'],
  }) %}
{% endmacro %}

{% macro rhythm_ctes(spine) %}
purchase_gaps as (

    select
        *,
        lag(days_ago) over (partition by user_key, cutoff order by days_ago desc) - days_ago as gap
    from purchase_days

),

rhythm_sums as (

    select
        user_key,
        cutoff,
        cast(sum(baskets) as double) as baskets_all,
        cast(sum(spend) as double) as spend_all,
        count(*) as purchase_days_all,
        min(days_ago) as recency_days,
        max(days_ago) + 1 as tenure_days,
        cast(sum(gap) as double) as gap_sum,
        cast(sum(gap * gap) as double) as gap_squares,
        nullif(count(gap), 0) as gaps
    from purchase_gaps
    group by user_key, cutoff

),

rhythm as (

    select
        *,
        spend_all * 28 / cast(greatest(tenure_days, 28) as double) as spend_tenure_28d,
        gap_sum / gaps as gap_mean_days,
        sqrt(greatest(gap_squares - gap_sum * gap_sum / gaps, 0) / nullif(gaps - 1, 0)) as gap_std_days,
        recency_days / (gap_sum / gaps + 1) as recency_over_gap
    from rhythm_sums

)
{%- endmacro %}

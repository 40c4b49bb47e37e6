{# Web visits: how many, how long, how far. #}
{% macro visits_columns() %}
  {% do return({
    'count': ['sessions_7d', 'sessions_28d', 'sessions_91d', 'page_views_7d', 'page_views_28d', 'page_views_91d',
      'clicks_28d', 'clicks_91d', 'add_to_carts_28d', 'add_to_carts_91d', 'checkouts_28d', 'checkouts_91d'],
    'amount': ['dwell_s_28d', 'dwell_s_91d'],
    'measure': ['dwell_per_session_s_91d', 'steps_per_session_91d', 'clicks_per_view_91d', 'cart_session_share_91d',
      'days_since_visit', 'visit_gap_mean_days_182d', 'visit_recency_over_gap'],
  }) %}
{% endmacro %}

{% macro visits_ctes(spine) %}
visit_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'sessions', ['steps', 'page_views', 'clicks', 'add_to_carts', 'checkouts', 'dwell_s']) }}

),

visit_sums as (

    select
        user_key,
        cutoff,
        {%- for days in [7, 28, 91] %}
        count(*) filter (where days_ago < {{ days }}) as sessions_{{ days }}d,
        {%- for column in ['page_views', 'clicks', 'add_to_carts', 'checkouts', 'dwell_s'] %}
        {{ window_sum(column, days) }} as {{ column }}_{{ days }}d,
        {%- endfor %}{% endfor %}
        {{ window_sum('steps', 91) }} as steps_91d,
        count(*) filter (where days_ago < 91 and add_to_carts > 0) as cart_sessions_91d,
        min(days_ago) as days_since_visit,
        max(days_ago) - min(days_ago) as visit_span,
        count(distinct days_ago) as visit_days
    from visit_rows
    where days_ago < 182
    group by user_key, cutoff

),

visits as (

    select
        *,
        {{ ratio('dwell_s_91d', 'sessions_91d') }} as dwell_per_session_s_91d,
        {{ ratio('steps_91d', 'sessions_91d') }} as steps_per_session_91d,
        {{ ratio('clicks_91d', 'page_views_91d') }} as clicks_per_view_91d,
        {{ ratio('cart_sessions_91d', 'sessions_91d') }} as cart_session_share_91d,
        {{ ratio('visit_span', 'visit_days - 1') }} as visit_gap_mean_days_182d,
        days_since_visit / ({{ ratio('visit_span', 'visit_days - 1') }} + 1) as visit_recency_over_gap
    from visit_sums

)
{%- endmacro %}

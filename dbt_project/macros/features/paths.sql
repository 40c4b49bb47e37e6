{# The order of steps within web sessions of the last 91 days, and visits before purchases. #}
{% macro transitions() %}
  {% set names = [] %}
  {% for before in visit_steps().values() %}
    {% for after in visit_steps().values() %}{% do names.append(before ~ '_to_' ~ after) %}{% endfor %}
  {% endfor %}
  {% do return(names) %}
{% endmacro %}

{# Transitions common enough to be a feature each; all sixteen enter the entropy. #}
{% macro path_shares() %}
  {% do return(['view_to_view', 'view_to_click', 'view_to_cart', 'view_to_checkout', 'click_to_view', 'click_to_cart',
    'cart_to_view', 'cart_to_checkout']) %}
{% endmacro %}

{% macro paths_columns() %}
  {% set measures = ['transition_entropy_91d', 'page_entropy_91d', 'pages_per_session_91d', 'one_step_share_91d',
    'checkout_share_91d', 'abandoned_cart_share_91d', 'steps_to_checkout_91d', 'visit_before_purchase_share_91d'] %}
  {% for name in path_shares() %}{% do measures.append('path_' ~ name ~ '_91d') %}{% endfor %}
  {% for step in ['view', 'click', 'cart'] %}{% do measures.append('before_checkout_' ~ step ~ '_91d') %}{% endfor %}
  {% do return({'measure': measures}) %}
{% endmacro %}

{% macro paths_ctes(spine) %}
{%- set sums = transitions() + ['steps', 'pages', 'page_entropy_bits', 'steps_to_checkout'] -%}
path_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'sessions', sums + ['add_to_carts', 'checkouts']) }}

),

path_sums as (

    select
        user_key,
        cutoff,
        {%- for column in sums %}
        cast(sum({{ column }}) as double) as {{ column }},
        {%- endfor %}
        count(*) as sessions,
        count(*) filter (where steps = 1) as one_step_sessions,
        count(*) filter (where checkouts > 0) as checkout_sessions,
        count(*) filter (where add_to_carts > 0) as cart_sessions,
        count(*) filter (where add_to_carts > 0 and checkouts = 0) as abandoned_sessions
    from path_rows
    where days_ago < 91
    group by user_key, cutoff

),
{{ visits_before_purchases_ctes(spine) }},
{{ path_measures_cte() }}
{%- endmacro %}

{# Share of purchase days with a web visit on that day or the day before: visits count for both days. #}
{% macro visits_before_purchases_ctes(spine) %}
purchase_or_visit_days as {{ inlined() }} (

    select user_key, cutoff, days_ago, 1 as bought, 0 as visited from purchase_days where days_ago < 91
    union all
    select user_key, cutoff, days_ago, 0 as bought, 1 as visited from path_rows where days_ago < 91
    union all
    select user_key, cutoff, days_ago - 1 as days_ago, 0 as bought, 1 as visited from path_rows where days_ago <= 91

),

joint_days as {{ inlined() }} (

    select user_key, cutoff, days_ago, max(bought) as bought, max(visited) as visited
    from purchase_or_visit_days
    group by user_key, cutoff, days_ago

),

visits_before_purchases as (

    select user_key, cutoff, {{ ratio('sum(bought * visited)', 'sum(bought)') }} as visit_before_purchase_share_91d
    from joint_days
    group by user_key, cutoff

)
{%- endmacro %}

{% macro path_measures_cte() %}
{%- set total = transitions() | join(' + ') -%}
paths as (

    select
        visits_before_purchases.*,
        {%- for name in path_shares() %}
        {{ ratio(name, total) }} as path_{{ name }}_91d,
        {%- endfor %}
        {%- for step in ['view', 'click', 'cart'] %}
        {{ ratio(step ~ '_to_checkout', (visit_steps().values() | list) | join('_to_checkout + ') ~ '_to_checkout') }}
            as before_checkout_{{ step }}_91d,
        {%- endfor %}
        {{ row_entropy(transitions(), total) }} as transition_entropy_91d,
        {{ ratio('page_entropy_bits', 'steps') }} as page_entropy_91d,
        {{ ratio('pages', 'sessions') }} as pages_per_session_91d,
        {{ ratio('one_step_sessions', 'sessions') }} as one_step_share_91d,
        {{ ratio('checkout_sessions', 'sessions') }} as checkout_share_91d,
        {{ ratio('abandoned_sessions', 'cart_sessions') }} as abandoned_cart_share_91d,
        {{ ratio('steps_to_checkout', 'checkout_sessions') }} as steps_to_checkout_91d
    from visits_before_purchases
    left join path_sums
        on
            visits_before_purchases.user_key = path_sums.user_key
            and visits_before_purchases.cutoff = path_sums.cutoff

)
{%- endmacro %}

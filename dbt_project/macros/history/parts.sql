{# Which features are kept together: those that move at the same times. A row is written when any of its columns moved, so
   what moves most days (windows of purchases) must not drag along what moves a few times a year (what surveys said). #}
{% macro history_parts() %}
  {% set since_ever = ['spend_364d', 'baskets_364d', 'basket_value_364d', 'discount_share_364d'] %}
  {% set of_purchases = ['visit_before_purchase_share_91d'] %}
  {% set groups = {
    'purchases': [rhythm_columns(), ewma_columns(), {'measure': since_ever}],
    'windows': [money_columns(), weekly_columns(), interests_columns(), {'measure': of_purchases}],
    'visits': [visits_columns(), paths_columns()],
    'profiles': [engagement_columns(), texts_columns(), profile_columns()],
  } %}
  {% set elsewhere = {'windows': since_ever, 'visits': of_purchases} %}
  {% set parts = {} %}
  {% for part, kinds in groups.items() %}
    {% set names = [] %}
    {% for group in kinds %}{% for of_kind in group.values() %}{% for name in of_kind if name not in elsewhere.get(part, []) %}
      {% do names.append(name) %}
    {% endfor %}{% endfor %}{% endfor %}
    {% do parts.update({part: names}) %}
  {% endfor %}
  {% do return(parts) %}
{% endmacro %}

{# The column that keeps a feature: beside golden attributes of the same name, features have a name of their own. #}
{% macro history_column(name) %}
  {% do return('feature_' ~ name if name in profile_attributes() + ['consent'] else name) %}
{% endmacro %}

{# How features that move with the clock alone are kept, so that their rows stand still:
     day         counts days since something happened: kept is the number of that day
     average     a weighted average: kept is the sum that weights lead up to (macro ewma_value)
     worked_out  follows from others: not kept at all
   Each row is told anew when it is written, and where that is not the value itself, to the last bit, the row keeps all values
   as they are (`is_raw`): so no rule here, old or changed, can make history say what was not so. #}
{% macro history_form(name) %}
  {% set days = ['recency_days', 'tenure_days', 'profile_age_days', 'days_since_visit', 'days_since_contact', 'days_since_survey'] %}
  {% if name in days %}{% do return('day') %}{% endif %}
  {% if '_ewma_' in name %}{% do return('average') %}{% endif %}
  {% if name in ['spend_tenure_28d', 'recency_over_gap', 'visit_recency_over_gap'] %}{% do return('worked_out') %}{% endif %}
  {% do return('as_is') %}
{% endmacro %}

{% macro history_stored(name, relation, day, data_days) -%}
  {%- set form = history_form(name) -%}
  {%- if form == 'day' -%} {{ day_number(day) }} - {{ relation }}.{{ name }}
  {%- elif form == 'average' -%} {{ ewma_sum_of(relation ~ '.' ~ name, name, day, data_days) }}
  {%- else -%} cast(null as double) {%- endif -%}
{%- endmacro %}

{# A feature out of what is kept of it, as of `day`. #}
{% macro history_told(name, relation, day, data_days, suffix='') -%}
  {%- set form, kept = history_form(name), relation ~ '.' ~ history_column(name) ~ suffix -%}
  {%- if form == 'day' -%} cast({{ day_number(day) }} - {{ kept }} as double)
  {%- elif form == 'average' -%} {{ ewma_value(kept, name, day, data_days) }}
  {%- elif name == 'spend_tenure_28d' -%}
    {{ relation }}.spend_all * 28 / cast(greatest({{ history_told('tenure_days', relation, day, data_days, suffix) }}, 28) as double)
  {%- elif name == 'recency_over_gap' -%}
    {{ history_told('recency_days', relation, day, data_days, suffix) }} / ({{ relation }}.gap_mean_days + 1)
  {%- elif name == 'visit_recency_over_gap' -%}
    {{ history_told('days_since_visit', relation, day, data_days, suffix) }} / ({{ relation }}.visit_gap_mean_days_182d + 1)
  {%- endif -%}
{%- endmacro %}

{% macro day_number(day) -%} {{ days_between("date '1970-01-01'", day) }} {%- endmacro %}

{# The columns of user_profile that come from dim_users. #}
{% macro profile_columns_of_users() %}
  {% do return([
    'email', 'phone', 'first_name', 'last_name', 'age_band', 'income_band', 'home_ownership', 'marital_status',
    'household_size', 'household_composition', 'kids_count', 'consent', 'identifiers', 'identifier_types',
    'first_seen_at', 'last_seen_at',
  ]) %}
{% endmacro %}

{# The feature groups, in the order of the columns. Each `<group>` has two macros in its own file:
   `<group>_columns()`, its names by kind, and `<group>_ctes(spine)`, a CTE named after it with one row per user and
   cutoff that has something to say. #}
{% macro feature_groups() %}
  {% do return([
    'money', 'weekly', 'ewma', 'rhythm', 'interests', 'engagement', 'texts', 'visits', 'paths', 'profile',
  ]) %}
{% endmacro %}

{# Every feature as [name, kind]. Kinds: count (bigint) and amount (double) are 0 where nothing happened; measure
   (double) and category (varchar) are null where they cannot be known. #}
{% macro feature_kinds() %}
  {% set found = [] %}
  {% for group in feature_groups() %}
    {% for kind, names in context[group ~ '_columns']().items() %}
      {% for name in names %}{% do found.append([name, kind]) %}{% endfor %}
    {% endfor %}
  {% endfor %}
  {% do return(found) %}
{% endmacro %}

{# Names of the features; `numeric` leaves out categories. #}
{% macro feature_columns(numeric=false) %}
  {% set names = [] %}
  {% for name, kind in feature_kinds() if not (numeric and kind == 'category') %}{% do names.append(name) %}{% endfor %}
  {% do return(names) %}
{% endmacro %}

{# CTEs that end in `features`: one row per row of `spine` (user_key bigint, cutoff date), with every feature as of the
   end of that day. Used with many cutoffs for training and with one for serving, so that the two cannot differ.
   The model imports identity_keys, purchases, engagements, sessions and people beforehand. #}
{% macro features_as_of(spine) %}
{{ purchase_days_cte(spine) }},
{% for group in feature_groups() %}
{{ context[group ~ '_ctes'](spine) }},
{% endfor %}
features as (

    select
        {{ spine }}.user_key,
        {{ spine }}.cutoff,
        coalesce(rhythm.baskets_all, 0) > 0 as has_purchase
        {%- for name, kind in feature_kinds() %},
        {% if kind == 'count' %}cast(coalesce({{ name }}, 0) as bigint)
        {%- elif kind == 'amount' %}cast(coalesce({{ name }}, 0) as double)
        {%- elif kind == 'measure' %}cast({{ name }} as double)
        {%- else %}{{ name }}{% endif %} as {{ name }}
        {%- endfor %}
    from {{ spine }}
    {%- for group in feature_groups() %}
    left join {{ group }} on {{ spine }}.user_key = {{ group }}.user_key and {{ spine }}.cutoff = {{ group }}.cutoff
    {%- endfor %}

)
{%- endmacro %}

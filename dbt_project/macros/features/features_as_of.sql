{# Every feature as [name, kind], in the order of the columns. Kinds: count (bigint) and amount (double) are 0 where
   nothing happened; measure (double) and category (varchar) are null where they cannot be known. Each group has its
   own file with `<group>_columns()`, its names by kind, and `<group>_ctes(spine)`, which end in a CTE named after it
   with one row per user and cutoff that it has something to say about. #}
{% macro feature_kinds() %}
  {% set found = [] %}
  {% for group in [
    money_columns(), weekly_columns(), ewma_columns(), rhythm_columns(), interests_columns(), engagement_columns(),
    texts_columns(), visits_columns(), paths_columns(), profile_columns(),
  ] %}
    {% for kind, names in group.items() %}{% for name in names %}{% do found.append([name, kind]) %}{% endfor %}{% endfor %}
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
{{ money_ctes(spine) }},
{{ weekly_ctes(spine) }},
{{ ewma_ctes(spine) }},
{{ rhythm_ctes(spine) }},
{{ interests_ctes(spine) }},
{{ engagement_ctes(spine) }},
{{ texts_ctes(spine) }},
{{ visits_ctes(spine) }},
{{ paths_ctes(spine) }},
{{ profile_ctes(spine) }},
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
    {%- for group in ['money', 'weekly', 'ewma', 'rhythm', 'interests', 'engagement', 'texts', 'visits', 'paths',
      'profile'] %}
    left join {{ group }} on {{ spine }}.user_key = {{ group }}.user_key and {{ spine }}.cutoff = {{ group }}.cutoff
    {%- endfor %}

)
{%- endmacro %}

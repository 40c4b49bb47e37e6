{# The model has exactly the feature columns and `also`, in any order: the list and the SQL cannot drift apart. #}
{% test feature_columns_match(model, also, numeric=false) %}
{% set wanted = (also + feature_columns(numeric=numeric)) | sort %}
{% set found = [] %}
{% if execute %}
  {% for column in adapter.get_columns_in_relation(model) %}{% do found.append(column.name) %}{% endfor %}
{% endif %}
{% set wrong = [] %}
{% for name in wanted if name not in found %}{% do wrong.append(name ~ ' is missing') %}{% endfor %}
{% for name in found if name not in wanted %}{% do wrong.append(name ~ ' is not a feature') %}{% endfor %}
select problem
from (select '{{ wrong | join("; ") }}' as problem) as problems
where problem <> ''
{% endtest %}

{# No value of the columns lies outside the bounds; null is no value. One query for many columns. #}
{% test all_between(model, columns, at_least, at_most, stamp=none) %}
select *
from {{ model }}
where
    {%- if stamp is not none and execute and flags.WHICH == 'build' %}
    {{ unseen(stamp) }} and
    {%- endif %} (
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}{{ column }} < {{ at_least }} or {{ column }} > {{ at_most }}
    {%- endfor %}
    )
{% endtest %}

{# The limit of a row by what `kind` says; null, which nothing exceeds, where there is none. #}
{% macro limit_for(kind, limits) -%}
  case {{ kind }}
  {%- for name, limit in (limits or {'': 0}).items() %} when '{{ name }}' then {{ limit }}{% endfor %} end
{%- endmacro %}

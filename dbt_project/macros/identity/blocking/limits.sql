{# A var of limits by type of identifier, checked: a misspelt type would have none. While dbt parses, nothing is asked of it. #}
{% macro identity_limits(name) %}
  {% set limits = (var(name) or {}) if execute else {} %}
  {% do check_limits(name, limits) %}
  {% do return(limits) %}
{% endmacro %}

{% macro check_limits(name, limits) %}
  {% do check_types(name, limits) %}
  {% for type, limit in limits.items() if limit is not number or limit is boolean or limit < 0 %}
    {% do limits_error(name ~ '.' ~ type, limit, 'a number from 0') %}
  {% endfor %}
{% endmacro %}

{% macro check_types(name, limits) %}
  {% if limits is not mapping %}{% do limits_error(name, limits, 'a value per type of identifier, such as {email: ...}') %}{% endif %}
  {% for type in limits if type not in var('identifier_types') %}
    {% do limits_error(name, type, 'types of identifiers: ' ~ var('identifier_types') | join(', ')) %}
  {% endfor %}
{% endmacro %}

{% macro limits_error(name, given, wanted) %}
  {% do exceptions.raise_compiler_error('dbt_project.yml: var ' ~ name ~ ' has ' ~ given ~ '; it takes ' ~ wanted) %}
{% endmacro %}

{# The limit of a row by what `kind` says; null, which nothing exceeds, where there is none. #}
{% macro limit_for(kind, limits) -%}
  case {{ kind }}
  {%- for name, limit in (limits or {'': 0}).items() %} when '{{ name }}' then {{ limit }}{% endfor %} end
{%- endmacro %}

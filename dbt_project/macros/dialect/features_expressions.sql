{# Whole calendar days from one date to another. #}
{% macro days_between(from_day, to_day) %}{{ return(adapter.dispatch('days_between')(from_day, to_day)) }}{% endmacro %}
{% macro default__days_between(from_day, to_day) -%} datediff({{ to_day }}, {{ from_day }}) {%- endmacro %}
{% macro duckdb__days_between(from_day, to_day) -%} datediff('day', {{ from_day }}, {{ to_day }}) {%- endmacro %}

{# The date `days` days after a date; `days` may be negative or an integer expression. #}
{% macro add_days(day, days) %}{{ return(adapter.dispatch('add_days')(day, days)) }}{% endmacro %}
{% macro default__add_days(day, days) -%} date_add({{ day }}, cast({{ days }} as int)) {%- endmacro %}
{% macro duckdb__add_days(day, days) -%} ({{ day }} + cast({{ days }} as integer)) {%- endmacro %}

{# Does lower-case text hold one of the words, as a word of its own? Words are letters, digits and spaces. #}
{% macro has_word(text, words) %}{{ return(adapter.dispatch('has_word')(text, features_word_pattern(words))) }}{% endmacro %}
{% macro default__has_word(text, pattern) -%} {{ text }} rlike '{{ pattern }}' {%- endmacro %}
{% macro duckdb__has_word(text, pattern) -%} regexp_matches({{ text }}, '{{ pattern }}') {%- endmacro %}

{# Median of several numbers of one row. #}
{% macro row_median(columns) %}{{ return(adapter.dispatch('row_median')(columns)) }}{% endmacro %}
{% macro duckdb__row_median(columns) -%} list_median([{{ columns | join(', ') }}]) {%- endmacro %}
{% macro default__row_median(columns) -%}
  {%- set sorted = "sort_array(array(" ~ columns | join(', ') ~ "))" -%}
  (element_at({{ sorted }}, {{ (columns | length + 1) // 2 }}) + element_at({{ sorted }}, {{ columns | length // 2 + 1 }})) / 2
{%- endmacro %}

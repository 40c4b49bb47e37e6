{# The first day a row counts. In strict mode that is the day it was known, if that is later than the day it happened;
   otherwise loading plays no part, so that the same rows in other batches give the same features. #}
{% macro usable_on(happened_on, known_on) -%}
  {%- if var('strict_as_of') -%} greatest({{ happened_on }}, {{ known_on }}) {%- else -%} {{ happened_on }} {%- endif -%}
{%- endmacro %}

{# A decimal, because its sum is exact: the same rows in any order and on any number of threads give the same feature,
   bit for bit. #}
{% macro exact(expression, scale=4) -%} cast({{ expression }} as decimal(18, {{ scale }})) {%- endmacro %}

{# Matches one of the words between two non-letters; anything that is not a letter, digit or space is refused, because
   it would be read as part of a pattern. #}
{% macro features_word_pattern(words) -%}
  {%- for word in words if modules.re.search('[^a-z0-9 ]', word) -%}
    {%- do exceptions.raise_compiler_error("var text_keywords: '" ~ word ~ "': use lower-case letters, digits, spaces") -%}
  {%- endfor -%}
  {{ return('(^|[^a-z0-9])(' ~ words | join('|') ~ ')([^a-z0-9]|$)') }}
{%- endmacro %}

{# The kinds of steps a visitor makes, and their names in columns. #}
{% macro visit_steps() %}
  {% do return({'page_view': 'view', 'click': 'click', 'add_to_cart': 'cart', 'checkout': 'checkout'}) %}
{% endmacro %}

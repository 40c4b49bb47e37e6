{# Trimmed text; what people write for "nothing" becomes null. Its length is looked at first: most texts are longer. #}
{% macro clean_text(column) -%}
  {%- set nothing = [
    '', 'null', '(null)', '<null>', 'none', 'n/a', '#n/a', 'na', '-', '--', 'nan', 'nil', '?', 'unknown', 'undefined', 'n.a.',
  ] -%}
  case
    when length({{ trimmed(column) }}) <= {{ nothing | map('length') | max }} and lower({{ trimmed(column) }}) in ({{ text_list(nothing) }})
      then null
    else {{ trimmed(column) }}
  end
{%- endmacro %}

{# Number, or null when the text is not a finite one. #}
{% macro to_number(column) -%}
  case when {{ is_finite('try_cast(' ~ column ~ ' as double)') }} then try_cast({{ column }} as double) end
{%- endmacro %}

{# Canonical e-mail: lower case; null when it cannot be an address. A +tag stays: not every mail system ignores it. People are
   called O'Brien, and have letters of every script. #}
{% macro clean_email(column) -%}
  case
    when regexp_full_match(
      lower({{ trimmed(column) }}), '[\p{L}\p{M}\p{N}.!#$%&''*+/=?^_`{|}~-]+@[\p{L}\p{M}\p{N}.-]+[.][\p{L}\p{M}]{2,}'
    )
      then lower({{ trimmed(column) }})
  end
{%- endmacro %}

{# Canonical phone: + and digits (E.164). 00 stands for +, and a national number gets the default country code, in place of the
   0 that is dialled inside some countries. No part of it are a 0 in brackets, which is dialled there only, and an extension. #}
{% macro clean_phone(column) -%}
  {%- set number -%}
    regexp_replace({{ column }}, '\(0\)|[\s,;]*(?i:x|ext|extension)[\s.:]*\d+\s*$', '', 'g')
  {%- endset -%}
  {%- set digits -%} regexp_replace({{ number }}, '[^0-9]', '', 'g') {%- endset -%}
  {%- set country = var('default_country_code') | string -%}
  case
    when {{ column }} is null then null
    when regexp_matches({{ column }}, '^[^0-9+]*[+]') and length({{ digits }}) between 8 and 15 then '+' || {{ digits }}
    when {{ digits }} like '00%' and length({{ digits }}) between 11 and 17 then '+' || substr({{ digits }}, 3)
    when length({{ digits }}) = 10 then '+{{ country }}' || {{ digits }}
    when length({{ digits }}) = 11 and {{ digits }} like '0%' then '+{{ country }}' || substr({{ digits }}, 2)
    when length({{ digits }}) = {{ 10 + country | length }} and {{ digits }} like '{{ country }}%' then '+' || {{ digits }}
  end
{%- endmacro %}

{# An identifier as staging writes it, by the column of its type. #}
{% macro clean_identifier(type, value) -%}
  case {{ type }}
    when 'email' then {{ clean_email(value) }}
    when 'phone' then {{ clean_phone(value) }}
    when 'handle' then lower({{ clean_text(value) }})
    else {{ clean_text(value) }}
  end
{%- endmacro %}

{# yes/no in the spellings that turn up; null for anything else. #}
{% macro to_boolean(column) -%}
  case
    when lower({{ trimmed(column) }}) in ('true', 't', 'yes', 'y', '1', 'on', 'opt-in', 'granted') then true
    when lower({{ trimmed(column) }}) in ('false', 'f', 'no', 'n', '0', 'off', 'opt-out', 'denied') then false
  end
{%- endmacro %}

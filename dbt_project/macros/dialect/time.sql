{# UTC timestamp -> calendar day in the reporting time zone. #}
{% macro reporting_day(timestamp_utc) %}{{ return(adapter.dispatch('reporting_day')(timestamp_utc)) }}{% endmacro %}

{% macro duckdb__reporting_day(timestamp_utc) -%}
  cast(timezone('{{ var("reporting_timezone") }}', timezone('UTC', {{ timestamp_utc }})) as date)
{%- endmacro %}

{# Text in any of the accepted formats -> UTC timestamp; null when it is in none of them.
   `zone` is the zone of texts that do not carry an offset of their own. #}
{% macro parse_timestamp(text, zone='UTC') %}{{ return(adapter.dispatch('parse_timestamp')(text, zone)) }}{% endmacro %}

{% macro duckdb__parse_timestamp(text, zone) -%}
  {%- set formats = [
    '%Y-%m-%d %H:%M', '%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M', '%d.%m.%Y %H:%M:%S', '%d.%m.%Y %H:%M', '%d.%m.%Y',
    '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m/%d/%Y %I:%M %p', '%m/%d/%Y', '%b %d, %Y %I:%M %p', '%b %d, %Y',
    '%d %b %Y %H:%M', '%d %b %Y', '%Y%m%dT%H%M%S',
  ] -%}
  {%- set trimmed_text = trimmed(text) -%}
  case
    {# by far the most common, and the only one of its length with colons there: spare it the patterns #}
    when length({{ text }}) = 19 and substr({{ text }}, 14, 1) = ':' and substr({{ text }}, 17, 1) = ':' and not suffix({{ text }}, 'Z')
      then {{ local_time('coalesce(try_cast(' ~ text ~ ' as timestamp), try_strptime(' ~ text ~ ', ' ~ formats ~ '))', zone) }}
    when regexp_full_match({{ trimmed_text }}, '(?i).*:[0-9]{1,2}([.][0-9]*)?\s*(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2}){0,2})')
      then timezone('UTC', coalesce(
        try_cast({{ trimmed_text }} as timestamptz), try_cast({{ with_plain_offset(trimmed_text) }} as timestamptz)
      ))
    when regexp_full_match({{ trimmed_text }}, '[0-9]{9,10}') then epoch_ms(try_cast({{ trimmed_text }} as bigint) * 1000)
    when regexp_full_match({{ trimmed_text }}, '[0-9]{12,13}') then epoch_ms(try_cast({{ trimmed_text }} as bigint))
    {# the cast would pass over an offset that it does not expect; both would take the words infinity and epoch #}
    when regexp_full_match({{ trimmed_text }}, '[0-9]+[-/][0-9]+[-/][0-9]+([T ]\s*[0-9:.]+)?')
      then {{ local_time('coalesce(try_cast(' ~ trimmed_text ~ ' as timestamp), try_strptime(' ~ trimmed_text ~ ', ' ~ formats ~ '))', zone) }}
    when regexp_matches({{ trimmed_text }}, '[0-9]')
      then {{ local_time('try_strptime(' ~ trimmed_text ~ ', ' ~ formats ~ ')', zone) }}
  end
{%- endmacro %}

{# What the clocks of `zone` showed -> UTC timestamp. #}
{% macro local_time(moment, zone) -%}
  {{ moment if zone == 'UTC' else "timezone('UTC', timezone('" ~ zone ~ "', " ~ moment ~ "))" }}
{%- endmacro %}

{# A time with an offset as the cast reads it: no blank before the offset, no letters, and with seconds. #}
{% macro with_plain_offset(text) -%}
  regexp_replace(regexp_replace(regexp_replace({{ text }},
    '(?i)\s*(Z|UTC|GMT)$', '+00'), '\s*([+-][0-9]{2}(:?[0-9]{2}){0,2})$', '\1'), '([T ][0-9]{1,2}:[0-9]{2})([+-][0-9:]+)$', '\1:00\2')
{%- endmacro %}

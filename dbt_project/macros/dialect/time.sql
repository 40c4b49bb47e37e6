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
  {%- set local -%}
    coalesce(try_cast({{ text }} as timestamp), try_strptime({{ text }}, {{ formats }}))
  {%- endset -%}
  {%- set naive = local if zone == 'UTC' else "timezone('UTC', timezone('" ~ zone ~ "', " ~ local ~ "))" -%}
  case
    {# by far the most common, and the only one of its length with a colon there: spare it the patterns #}
    when length({{ text }}) = 19 and substr({{ text }}, 17, 1) = ':' then {{ naive }}
    when regexp_full_match({{ text }}, '(?i).*:\d\d(\.\d+)?\s*(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)')
      then timezone('UTC', try_cast({{ text }} as timestamptz))
    when regexp_full_match({{ text }}, '\d{9,10}') then epoch_ms(try_cast({{ text }} as bigint) * 1000)
    when regexp_full_match({{ text }}, '\d{12,13}') then epoch_ms(try_cast({{ text }} as bigint))
    else {{ naive }}
  end
{%- endmacro %}

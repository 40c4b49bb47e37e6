{# Rows of one input that a cutoff may see, with the user they belong to now and their age.
   `relation` has identity_key, occurred_on and usable_on; `spine` has user_key and cutoff. Nothing else joins facts to
   cutoffs, so this is the only place that decides what a feature may know. #}
{% macro as_of_rows(spine, relation, columns) %}
    select
        {{ spine }}.user_key,
        {{ spine }}.cutoff,
        {{ days_between(relation ~ '.occurred_on', spine ~ '.cutoff') }} as days_ago
        {%- for column in columns %},
        {{ relation }}.{{ column }}
        {%- endfor %}
    from {{ relation }}
    inner join identity_keys on {{ relation }}.identity_key = identity_keys.identity_key
    inner join {{ spine }}
        on
            identity_keys.user_key = {{ spine }}.user_key
            and {{ relation }}.usable_on <= {{ spine }}.cutoff
{%- endmacro %}

{# Sum over the `days` days that end `lag` days before the cutoff: lag 0 includes the cutoff itself. The sum is exact and
   only its result a double: half the width of an exact one. #}
{% macro window_sum(expression, days, lag=0) -%}
  {%- set recent = 'days_ago < ' ~ (lag + days) -%}
  {%- set window = 'days_ago >= ' ~ lag ~ ' and ' ~ recent if lag else recent -%}
  cast(sum(case when {{ window }} then {{ expression }} else 0 end) as double)
{%- endmacro %}

{# Null where there is nothing to divide by: the ratio is unknowable then. #}
{% macro ratio(part, whole) -%} cast({{ part }} as double) / nullif(cast({{ whole }} as double), 0) {%- endmacro %}

{# Bits of a distribution given by its counts, and their total, in one row. #}
{% macro row_entropy(counts, total) -%}
  abs(log2(nullif(cast({{ total }} as double), 0)) - (
    {%- for count in counts %}
    coalesce(cast({{ count }} as double) * log2(nullif(cast(greatest({{ count }}, 0) as double), 0)), 0)
    {%- if not loop.last %} +{% endif -%}
    {%- endfor %}
  ) / nullif(cast({{ total }} as double), 0))
{%- endmacro %}

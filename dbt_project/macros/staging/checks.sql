{# What can be wrong with a row, as the arms of one `case`: the first that holds names the reason and the column.
   The text is `reason:column`; `split_problem` takes it apart. #}
{% macro missing(column) -%} when {{ column }} is null then 'missing:{{ column }}' {%- endmacro %}

{# The source said something, and it could not be read as what the column holds. #}
{% macro unreadable(raw, typed) -%}
  when {{ raw }} is not null and {{ typed }} is null then 'invalid:{{ raw }}'
{%- endmacro %}

{% macro outside(column, low, high, name=none) -%}
  when {{ column }} not between {{ low }} and {{ high }} then 'out_of_bounds:{{ name or column }}'
{%- endmacro %}

{# An event must have a readable time, not before the first plausible day and not after we were told of it. #}
{% macro bad_time(raw, typed) -%}
  when {{ raw }} is null then 'missing:{{ raw }}'
  when {{ typed }} is null then 'invalid:{{ raw }}'
  when {{ typed }} < timestamp '{{ var("earliest_event") }}' then 'out_of_bounds:{{ raw }}'
  when {{ typed }} > _loaded_at + interval {{ var("clock_skew_hours") }} hour then 'future:{{ raw }}'
{%- endmacro %}

{# Nobody can be told from this row: `typed` are the cleaned identifiers, `raw` the columns a person would look at. #}
{% macro nobody(raw, typed) -%}
  when coalesce({{ typed | join(', ') }}) is null then 'no_identifier:{{ raw }}'
{%- endmacro %}

{# What can be wrong with a row, as the arms of one `case`: the first that holds names the reason and the column.
   The text is `reason:column`; `split_problem` takes it apart. #}
{% macro missing(raw, typed=none) -%} when {{ typed or clean_text(raw) }} is null then 'missing:{{ raw }}' {%- endmacro %}

{# The source said something, and it could not be read as what the column holds. #}
{% macro unreadable(raw, typed) -%}
  when {{ typed }} is null and {{ clean_text(raw) }} is not null then 'invalid:{{ raw }}'
{%- endmacro %}

{% macro outside(column, low, high, name=none) -%}
  when {{ column }} not between {{ low }} and {{ high }} then 'out_of_bounds:{{ name or column }}'
{%- endmacro %}

{# An event must have a readable time, not before the first plausible day and not after we were told of it. #}
{% macro bad_time(raw, typed) -%}
  when {{ typed }} is null then case when {{ clean_text(raw) }} is null then 'missing:{{ raw }}' else 'invalid:{{ raw }}' end
  when {{ typed }} < timestamp '{{ var("earliest_event") }}' then 'out_of_bounds:{{ raw }}'
  when {{ typed }} > _loaded_at + interval {{ var("clock_skew_hours") }} hour then 'future:{{ raw }}'
{%- endmacro %}

{# Nobody can be told from this row: `typed` are the cleaned identifiers, `raw` the columns a person would look at. #}
{% macro nobody(raw, typed) -%}
  when coalesce({{ typed | join(', ') }}) is null then 'no_identifier:{{ raw }}'
{%- endmacro %}

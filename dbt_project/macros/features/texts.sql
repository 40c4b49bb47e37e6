{# What users write in posts and survey comments: how much, with which tags, about which subjects (var text_keywords). #}
{% macro texts_columns() %}
  {% set counts = ['texts_182d', 'tags_182d'] %}
  {% for group in var('text_keywords') %}{% do counts.append('texts_on_' ~ group ~ '_182d') %}{% endfor %}
  {% do return({'count': counts, 'measure': ['text_chars_mean_182d', 'text_words_mean_182d']}) %}
{% endmacro %}

{% macro texts_ctes(spine) %}
{%- set counters = ['texts', 'tags', 'text_chars', 'text_words'] -%}
{%- for group in var('text_keywords') -%}{%- do counters.append('texts_on_' ~ group) -%}{%- endfor -%}
text_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'engagements', counters) }}

),

text_sums as (

    select
        user_key,
        cutoff
        {%- for counter in counters %},
        cast(sum({{ counter }}) as double) as {{ counter }}_182d
        {%- endfor %}
    from text_rows
    where days_ago < 182 and texts + tags > 0
    group by user_key, cutoff

),

texts as (

    select
        *,
        {{ ratio('text_chars_182d', 'texts_182d') }} as text_chars_mean_182d,
        {{ ratio('text_words_182d', 'texts_182d') }} as text_words_mean_182d
    from text_sums

)
{%- endmacro %}

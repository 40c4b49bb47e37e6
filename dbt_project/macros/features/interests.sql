{# What the money goes to: shares of spend per group of departments (var interest_departments). What each group, and all else
   together, comes to is net of its refunds and never below zero: so what is paid back for one raises no share above 1. #}
{% macro interests_columns() %}
  {% set shares = [] %}
  {% for interest in var('interest_departments') %}{% do shares.append('interest_' ~ interest ~ '_182d') %}{% endfor %}
  {% do return({'count': ['interests_182d'], 'measure': shares + ['interest_top_182d', 'interest_entropy_182d']}) %}
{% endmacro %}

{% macro interests_ctes(spine) %}
{%- set names = var('interest_departments') | list -%}
{%- set spends, nets = [], [] -%}
{%- for name in names -%}{%- do spends.append('spend_' ~ name) -%}{%- endfor -%}
{%- for spend in spends + [(['spend'] + spends) | join(' - ')] -%}{%- do nets.append('greatest(sum(' ~ spend ~ '), 0)') -%}{%- endfor -%}
interest_rows as {{ inlined() }} (
    {{ as_of_rows(spine, 'purchases', spends + ['spend']) }}

),

interest_sums as (

    select
        user_key,
        cutoff,
        cast({{ nets | join(' + ') }} as double) as spend_total
        {%- for spend in spends %},
        cast({{ nets[loop.index0] }} as double) as {{ spend }}
        {%- endfor %}
    from interest_rows
    where days_ago < 182
    group by user_key, cutoff

),

interests as (

    select
        user_key,
        cutoff,
        {%- for name in names %}
        {{ ratio('spend_' ~ name, 'spend_total') }} as interest_{{ name }}_182d,
        {%- endfor %}
        {% for spend in spends -%}
        case when {{ spend }} > 0 then 1 else 0 end {% if not loop.last %}+ {% endif %}
        {%- endfor %} as interests_182d,
        {{ ratio('greatest(' ~ spends | join(', ') ~ ')', 'spend_total') }} as interest_top_182d,
        {{ row_entropy(spends, spends | join(' + ')) }} as interest_entropy_182d
    from interest_sums

)
{%- endmacro %}

{# What counted, before the time of change, for the record that won: over the records of `told`, that is records of
   people beside the golden record of their user, whose value is named golden_<attribute>. #}
{% macro winning_claim(attribute, declared) -%}
  {%- if declared['rule'] == 'most_complete' -%}
  max(
      case
          when
              people.{{ attribute }} = golden.{{ attribute }}
              and people.source = golden.{{ attribute }}_source
              and people.updated_at = golden.{{ attribute }}_updated_at
              then {{ attributes_filled('people') }}
      end
  ) over (partition by users.user_id)
  {%- else -%} {{ claim(declared, 'golden.' ~ attribute ~ '_source', '') }}
  {%- endif -%}
{%- endmacro %}

{# Each value that a source gave for one attribute, once per user, out of `told`. #}
{% macro attribute_evidence(attribute, declared) -%}
{%- set own = claim(declared, 'source', 'filled') -%}
select
    user_id,
    '{{ attribute }}' as attribute,
    cast({{ attribute }} as varchar) as value,
    source,
    max(entity) as entity,
    min(updated_at) as first_updated_at,
    max(updated_at) as last_updated_at,
    count(*) as records,
    max({{ attribute }} = golden_{{ attribute }} and source = {{ attribute }}_source) as is_winner,
    '{{ declared['rule'] }}' as rule,
    max({{ own }}) as best_claim,
    max({{ attribute }}_claim) as winning_claim,
    max(case when {{ own }} = {{ attribute }}_claim then updated_at end) as rival_at,
    max({{ attribute }}_updated_at) as won_at
from told
where {{ attribute }} is not null
group by user_id, {{ attribute }}, source
{%- endmacro %}

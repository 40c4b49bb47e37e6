{# Which of several values survives as the user's: declared beside each attribute of dim_users.yml, as
   `config: {meta: {survivorship: {rule: ...}}}`, and read here by everything that picks or explains a golden value.

   most_recent    the value of the record changed last
   most_trusted   the value of the source named first in `sources`; a source that is not named comes last
   most_complete  the value of the record that fills most attributes: they stay those of one and the same record

   Then the record changed last, then the greater record id: the same value on every run. Null never survives. #}
{% macro survivorship_rules() %}{{ return(['most_recent', 'most_trusted', 'most_complete']) }}{% endmacro %}

{# What int_people says about a person beside identifiers, origin and times: each of these needs a rule. #}
{% macro golden_attributes() %}
  {% set others = ['person_record_id', 'source', 'entity', 'updated_at', 'updated_on', 'known_on', 'identity_key'] %}
  {% set attributes = [] %}
  {% for column, type in shape_columns('people') if column not in others + var('identifier_types') %}
    {% if not column.startswith('_') %}{% do attributes.append(column) %}{% endif %}
  {% endfor %}
  {% do return(attributes) %}
{% endmacro %}

{# Column of dim_users -> what is declared there, as it stands. A unit test sees no other model's YAML: it overrides this. #}
{% macro declared_survivorship() %}
  {% set declared = {} %}
  {% set model = graph.get('nodes', {}).get('model.' ~ project_name ~ '.dim_users', {}) %}
  {% for name, column in model.get('columns', {}).items() %}
    {% set meta = column.get('config', {}).get('meta') or column.get('meta') or {} %}
    {% if 'survivorship' in meta %}{% do declared.update({name: meta['survivorship']}) %}{% endif %}
  {% endfor %}
  {% do return(declared) %}
{% endmacro %}

{# Attribute -> its rule and sources, checked, in the order of the shape. While dbt parses there is no graph to read. #}
{% macro survivorship() %}
  {% set attributes = golden_attributes() %}
  {% set declared = declared_survivorship() if execute else {} %}
  {% for column in declared if column not in attributes %}
    {% do survivorship_error(column, 'is no attribute of int_people, so it takes no survivorship', attributes) %}
  {% endfor %}
  {% set rules = {} %}
  {% for attribute in attributes %}
    {% set rule = declared.get(attribute) if execute else {'rule': 'most_recent'} %}
    {% do check_survivorship(attribute, rule) %}
    {% do rules.update({attribute: {'rule': rule['rule'], 'sources': rule.get('sources') or []}}) %}
  {% endfor %}
  {% do return(rules) %}
{% endmacro %}

{% macro check_survivorship(column, declared) %}
  {% set known = staged_entities() | map('first') | unique | list %}
  {% if declared is not mapping or 'rule' not in declared %}
    {% do survivorship_error(column, 'needs config.meta.survivorship.rule', survivorship_rules()) %}
  {% endif %}
  {% for key in declared if key not in ['rule', 'sources'] %}
    {% do survivorship_error(column, "has the unknown survivorship key '" ~ key ~ "'", ['rule', 'sources']) %}
  {% endfor %}
  {% if declared['rule'] not in survivorship_rules() %}
    {% do survivorship_error(column, "has the unknown rule '" ~ declared['rule'] ~ "'", survivorship_rules()) %}
  {% endif %}
  {% set sources = declared.get('sources') or [] %}
  {% if sources is string or sources is mapping or sources is not iterable
    or (declared['rule'] == 'most_trusted') != (sources | length > 0) %}
    {% do survivorship_error(column, 'must list sources, most trusted first, under most_trusted and nowhere else', known) %}
  {% endif %}
  {% for source in sources if source not in known %}
    {% do survivorship_error(column, "trusts the unknown source '" ~ source ~ "'", known) %}
  {% endfor %}
{% endmacro %}

{% macro survivorship_error(column, problem, allowed) %}
  {% do exceptions.raise_compiler_error('dim_users.yml: column ' ~ column ~ ' ' ~ problem ~ '; allowed: '
    ~ allowed | join(', ')) %}
{% endmacro %}

{# How many attributes a record fills. #}
{% macro attributes_filled(record) %}
  {%- for attribute in golden_attributes() -%}
  {{ ' + ' if not loop.first }}cast({{ record }}.{{ attribute }} is not null as integer)
  {%- endfor -%}
{% endmacro %}

{# What counts before the time of change, greatest first: `source` and `filled` are those of the record. #}
{% macro claim(declared, source, filled) %}
  {%- if declared['rule'] == 'most_trusted' -%}
  case {{ source }}
  {%- for name in declared['sources'] | reverse %} when '{{ name }}' then {{ loop.index }}{% endfor %} else 0 end
  {%- elif declared['rule'] == 'most_complete' -%} {{ filled }}
  {%- else -%} 0
  {%- endif -%}
{% endmacro %}

{# The golden value of one attribute over records `people` of one user. #}
{% macro golden_value(attribute, declared) -%}
  {{ survivor('people.' ~ attribute, 'people.source', 'people.updated_at', [
    claim(declared, 'people.source', attributes_filled('people')), 'people.updated_at', 'people.person_record_id',
  ]) }}
{%- endmacro %}

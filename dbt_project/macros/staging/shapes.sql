{# The three shapes, as [column, type] in order: the one place that says what a staging model must yield. #}
{% macro shape_columns(shape) %}
  {% set meta = [['_file', 'varchar'], ['_row', 'bigint'], ['_batch_id', 'bigint'], ['_loaded_at', 'timestamp']] %}
  {% set identifiers = [] %}
  {% for type in var('identifier_types') %}{% do identifiers.append([type, 'varchar']) %}{% endfor %}
  {% set origin = [['source', 'varchar'], ['entity', 'varchar']] %}
  {% if shape == 'events' %}
    {% do return([['event_id', 'varchar']] + origin + [['event_type', 'varchar'], ['occurred_at', 'timestamp'],
      ['occurred_on', 'date'], ['known_on', 'date'], ['identity_key', 'ubigint']] + identifiers + [
      ['item_id', 'varchar'], ['quantity', 'double'], ['amount', 'double'], ['discount', 'double'],
      ['duration_s', 'double'], ['rating', 'double'], ['text', 'varchar'], ['tags', 'varchar'],
      ['subject', 'varchar'], ['session_id', 'varchar'], ['channel', 'varchar']] + meta) %}
  {% elif shape == 'people' %}
    {% do return([['person_record_id', 'varchar']] + origin + [['updated_at', 'timestamp'], ['updated_on', 'date'],
      ['known_on', 'date'], ['identity_key', 'ubigint']] + identifiers + [['first_name', 'varchar'],
      ['last_name', 'varchar'], ['age_band', 'varchar'], ['income_band', 'varchar'], ['home_ownership', 'varchar'],
      ['marital_status', 'varchar'], ['household_size', 'varchar'], ['household_composition', 'varchar'],
      ['kids_count', 'varchar'], ['consent', 'boolean']] + meta) %}
  {% elif shape == 'items' %}
    {% do return([['item_id', 'varchar']] + origin + [['department', 'varchar'], ['category', 'varchar'],
      ['subcategory', 'varchar'], ['brand', 'varchar'], ['manufacturer', 'varchar'], ['price', 'double'],
      ['package_size', 'varchar'], ['tags', 'varchar']] + meta) %}
  {% endif %}
  {% do exceptions.raise_compiler_error("unknown shape '" ~ shape ~ "': use events, people or items") %}
{% endmacro %}

{# One number for the set of identifiers a row carries: rows of one person's same cookie+e-mail share it. #}
{% macro identity_key(given) %}
  {%- set present = [] -%}
  {%- for type in var('identifier_types') if type in given -%}
    {%- do present.append("coalesce('" ~ type ~ "=' || " ~ given[type] ~ ", '')") -%}
  {%- endfor -%}
  {# one call: a chain of || makes every text in between #}
  {{ stable_hash("concat(" ~ present | join(", chr(31), ") ~ ")") }}
{%- endmacro %}

{# The select list that turns a cleaned row into a shape. What the source does not know is not stored as nulls, and what
   follows from the batch or the entity not at all: `shape_of` adds both. #}
{% macro as_shape(shape, given) %}
  {%- set derived = {'_file': '_file', '_row': '_row', '_batch_id': '_batch_id', '_loaded_at': '_loaded_at'} -%}
  {%- if shape == 'events' -%}{%- do derived.update({'occurred_on': reporting_day(given['occurred_at'])}) -%}{%- endif -%}
  {%- if shape == 'people' -%}{%- do derived.update({'updated_on': reporting_day(given['updated_at'])}) -%}{%- endif -%}
  {%- if shape != 'items' -%}{%- do derived.update({'identity_key': identity_key(given)}) -%}{%- endif -%}
  {%- do derived.update(given) -%}
  {%- set known = shape_columns(shape) | map('first') | list -%}
  {%- for column in given if column not in known -%}
    {%- do exceptions.raise_compiler_error(model.name ~ ": as_shape is given '" ~ column ~ "', which is no column of the shape "
      ~ shape ~ "; it has " ~ known | join(', ') ~ "; identifiers are listed in the var identifier_types") -%}
  {%- endfor -%}
  {%- for column, type in shape_columns(shape) if column in derived %}
    cast({{ derived[column] }} as {{ type }}) as {{ column }},
  {%- endfor %}
{%- endmacro %}

{# The staging models that fill a shape, as [source, entity]. #}
{% macro shape_entities(shape) %}
  {% do return({
    'events': [['shop', 'transactions'], ['shop', 'coupon_redemptions'], ['crm', 'campaign_contacts'],
      ['synthetic_web', 'events'], ['synthetic_social', 'posts'], ['synthetic_social', 'reactions'],
      ['synthetic_survey', 'answers']],
    'people': [['crm', 'customers'], ['synthetic_social', 'accounts']],
    'items': [['shop', 'products']],
  }[shape]) %}
{% endmacro %}

{# Every column of a shape, out of its staging models: what counts, nothing else. #}
{% macro shape_of(shape) %}
select
    {%- for column, type in shape_columns(shape) %}
    cast(null as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
where false
{%- for source_name, entity in shape_entities(shape) %}

{{ union_by_name() }}

select
    '{{ source_name }}' as source,
    '{{ entity }}' as entity,
    {%- if shape != 'items' %}
    {{ reporting_day('_known_at') }} as known_on,
    {%- endif %}
    {{ all_but(['_known_at', '_problem', '_status', 'changed_in']) }}
from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
where _status = 'shaped'
{%- endfor %}
{%- endmacro %}

{% macro key_column(shape) -%}
  {{ return({'events': 'event_id', 'people': 'person_record_id', 'items': 'item_id'}[shape]) }}
{%- endmacro %}

{# Parts of a tracked model that count only when it is brought up to date instead of rebuilt. They are comments in the
   compiled SQL, so that dbt show, unit tests, contracts and linters see the whole model, and so that its text is the same
   in every run: a changed text means a changed model, which is then rebuilt. The materialisation uncomments them.
   In all of them __through__ stands for the last build this model has taken in. #}

{# SQL that holds only in an update. #}
{% macro in_update(fragment) -%} /*update: {{ fragment }} :update*/ {%- endmacro %}

{# Columns that a CTE is read for many times: written down in an update, where it is small; read again each time in a rebuild. #}
{% macro kept_in_update() -%} /*rebuild: not :rebuild*/ materialized {%- endmacro %}

{# The keys to work out anew: a select of the model's `key` columns. Rows of theirs that do not come back are deleted. #}
{% macro touched(select) -%} /*touched: {{ select }} :touched*/ {%- endmacro %}

{# What the whole table depends on (a day, a rule): one text value. A new value means a rebuild. #}
{% macro depends_on_value(select) -%} /*value: {{ select }} :value*/ {%- endmacro %}

{# True for rows of `relation` whose columns, none of them null, are among the touched keys. `in` is half the work of `exists`.
   Columns after the first are asked for once more alone: they are days, of which an update touches few, and by one column the
   engine leaves out whole parts of a table. #}
{% macro is_touched(relation, columns) -%}
  {%- set own = [] -%}
  {%- for column in columns -%}{%- do own.append(relation ~ '.' ~ column) -%}{%- endfor -%}
  {{ row_of(own) }} in (select {{ row_of(columns) }} from {{ touched_table() }})
  {%- for column in columns[1:] %} and {{ relation }}.{{ column }} in (select {{ column }} from {{ touched_table() }}){% endfor %}
{%- endmacro %}

{# In an update, only the touched rows of `relation`. #}
{% macro only_touched(relation, columns) -%} {{ in_update('where ' ~ is_touched(relation, columns)) }} {%- endmacro %}

{% macro touched_table() -%} {{ this.identifier }}__touched {%- endmacro %}

{% macro same_key(one, other, columns) -%}
  {%- for column in columns -%} {{ one }}.{{ column }} = {{ other }}.{{ column }} {%- if not loop.last %} and {% endif -%}
  {%- endfor -%}
{%- endmacro %}

{# The text between the marks of one kind of fragment, or none. #}
{% macro fragment_of(text, kind) %}
  {% set start, end = '/*' ~ kind ~ ':', ':' ~ kind ~ '*/' %}
  {{ return(text.split(start)[1].split(end)[0] if start in text else none) }}
{% endmacro %}

{% macro without_fragments(text, kind) %}
  {% set start, end = '/*' ~ kind ~ ':', ':' ~ kind ~ '*/' %}
  {% set kept = [] %}
  {% for part in text.split(start) %}{% do kept.append(part if loop.first else part.split(end)[1]) %}{% endfor %}
  {{ return(kept | join('')) }}
{% endmacro %}

{# The select of a rebuild, or of an update. #}
{% macro tracked_select(text, plan) %}
  {% set body = without_fragments(without_fragments(text, 'touched'), 'value') %}
  {% if plan.mode == 'update' %}
    {% set body = without_fragments(body, 'rebuild') | replace('/*update:', '') | replace(':update*/', '') %}
  {% else %}
    {% set body = without_fragments(body, 'update') | replace('/*rebuild:', '') | replace(':rebuild*/', '') %}
  {% endif %}
  {{ return(body | replace('__through__', plan.through | string)) }}
{% endmacro %}

{# ref, for use inside a fragment: a unit test need not be given what only an update reads. #}
{% macro update_ref(name) %}
  {{ return(name if model.resource_type == 'unit_test' else ref(name)) }}
{% endmacro %}

{# True for rows that were written since the test last passed, by their stamp: the number of the run, or a time. #}
{% macro unseen(stamp) -%}
  {%- if stamp in ('changed_in', 'opened_in') -%} {{ stamp }} > {{ since_last_pass() }}
  {%- else -%} {{ stamp }} >= coalesce((select max(started_at) from ops.builds where build_id = {{ since_last_pass() }}), '1970-01-01')
  {%- endif -%}
{%- endmacro %}

{# The columns are a key: none is null, no combination comes twice. A build looks only at rows whose first column is that of one
   written since the test last passed, by its `stamp`: the number of the run, or a time. `dbt test`, and a table without a
   stamp, look at all of them. #}
{% test key(model, columns, stamp='changed_in', only='true') %}
{%- set all_of_it = stamp is none or not execute or flags.WHICH != 'build' -%}
{%- set newest = 'true' if all_of_it else unseen(stamp) -%}
select {{ columns | join(', ') }}, count(*) as copies
from {{ model }}
where {{ only }}
    {%- if not all_of_it %}
    and {{ columns[0] }} in (select {{ columns[0] }} from {{ model }} where {{ only }} and {{ newest }})
    {%- endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
union all
select {{ columns | join(', ') }}, 0 as copies
from {{ model }}
where {{ only }} and {{ newest }} and ({{ columns | join(' is null or ') }} is null)
{% endtest %}

{# None of the columns is null, and those named in `only` hold nothing but the values given: one row for each column that
   does, with the number of its rows. One query for many columns, because each test costs dbt more than the engine. #}
{% test filled(model, columns, only={}) %}
{{ config(fail_calc='coalesce(cast(sum(failing) as bigint), 0)') }}
{%- for column in columns + only.keys() | list %}
select '{{ column }}' as column_name, count(*) as failing
from {{ model }}
where {{ column }} is null {%- if column in only %} or {{ column }} not in ({{ text_literals(only[column]) }}) {%- endif %}
having count(*) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}
{% endtest %}

{# Invariant 3: an unblocked identifier has a user, a blocked one has none and says why. #}
{% test one_user_unless_blocked(model) %}
select *
from {{ model }}
where (user_id is null) <> is_blocked or ((block_reason is null) = is_blocked and known_to is null)
{% endtest %}

{% test balanced(model) %}
select * from {{ model }} where landed <> shaped + quarantined + duplicates
{% endtest %}

{# The columns are a key: none is null, no combination comes twice. A build looks only at keys that it has written, which
   are the rows with the newest `stamp`; `dbt test`, and a table without a stamp, at all of them. #}
{% test key(model, columns, stamp='changed_in', only='true') %}
{%- set all_of_it = stamp is none or flags.WHICH == 'test' -%}
{%- set newest = 'true' if all_of_it else stamp ~ ' = (select max(' ~ stamp ~ ') from ' ~ model ~ ')' -%}
select {{ columns | join(', ') }}, count(*) as copies
from {{ model }} as rows_of_it
where {{ only }}
    {%- if not all_of_it %}
    and exists (
        select 1 from (select * from {{ model }} where {{ only }} and {{ newest }}) as written
        where {{ same_key('written', 'rows_of_it', columns) }}
    )
    {%- endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
union all
select {{ columns | join(', ') }}, 0 as copies
from {{ model }}
where {{ only }} and {{ newest }} and ({{ columns | join(' is null or ') }} is null)
{% endtest %}

{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as copies
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
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

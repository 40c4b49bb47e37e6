{# Each row of a seed that people edit names an identifier as the marts write it, and says why. With actions, each row
   has one, those of `paired` a second identifier, and those of `single`, or of `paired`, exclude each other. Any other
   row would wait for ever for an identifier that never comes, or lose to another in silence. Fails with the rows and
   what to write instead: dbt itself would only count them. #}
{% test names_identifiers(model, single=[], paired=[]) %}
{{ config(fail_calc='coalesce(' ~ complaint("string_agg(problem, '; ' order by problem)") ~ ', 0)') }}
{%- set columns = ['identifier_type', 'identifier_value'] -%}
{%- if paired -%}{%- set columns = ['action'] + columns + ['other_type', 'other_value'] -%}{%- endif -%}
with entries as (

    select *, concat_ws(',', {{ columns | join(', ') }}) as line
        {%- if paired %}, {{ action_subject(single, paired) }} as subject {%- endif %}
    from {{ model }}

),

named as (

    select line, identifier_type as type, identifier_value as value
    from entries
    {%- if paired %}
    union all
    select line, other_type as type, other_value as value
    from entries
    where action in ({{ text_literals(paired) }})
    {%- endif %}

),

judged as (

    select line, {{ identifier_problem('type', 'value') }} as problem
    from named
    union all
    select line, 'needs a reason' as problem
    from entries
    where reason is null or trim(reason) = ''
    {%- if paired %}
    union all
    select line, {{ action_problem(single, paired) }} as problem
    from entries
    union all
    select distinct one.line, 'contradicts row "' || other.line || '", keep one of them' as problem
    from entries as one
    inner join entries as other on one.subject = other.subject and one.action < other.action
    {%- endif %}

)

select 'row "' || line || '": ' || problem as problem
from judged
where problem is not null
{% endtest %}

{% macro identifier_problem(type, value) -%}
    case
        when {{ type }} is null or {{ value }} is null then 'needs the type and the value of each identifier'
        when {{ type }} not in ({{ text_list(var('identifier_types')) }})
            then 'the type ' || {{ type }} || ' is none of {{ var("identifier_types") | join(", ") }}'
        when {{ clean_identifier(type, value) }} is null then {{ value }} || ' cannot be of type ' || {{ type }}
        when {{ clean_identifier(type, value) }} <> {{ value }}
            then 'write ' || {{ clean_identifier(type, value) }} || ' for ' || {{ value }}
    end
{%- endmacro %}

{% macro action_problem(single, paired) -%}
    case
        when action is null then 'needs an action: {{ (single + paired) | join(", ") }}'
        when action not in ({{ text_literals(single + paired) }})
            then 'the action ' || action || ' is none of {{ (single + paired) | join(", ") }}'
        when action in ({{ text_literals(single) }}) and (other_type is not null or other_value is not null)
            then action || ' takes one identifier: leave other_type and other_value empty'
        when
            action in ({{ text_literals(paired) }}) and identifier_type = other_type and identifier_value = other_value
            then 'names one identifier twice'
    end
{%- endmacro %}

{# What an action is about, the same for a pair in either order: a second action about it is a contradiction. #}
{% macro action_subject(single, paired) -%}
    {%- set one = 'concat_ws(chr(31), identifier_type, identifier_value)' -%}
    {%- set other = 'concat_ws(chr(31), other_type, other_value)' -%}
    case
        when action in ({{ text_literals(single) }}) then {{ one }}
        when action in ({{ text_literals(paired) }})
            then concat_ws(chr(30), least({{ one }}, {{ other }}), greatest({{ one }}, {{ other }}))
    end
{%- endmacro %}

{# No chain of rows with the action `tie` leads from one identifier of a row with the action `part` to the other: taken
   together they contradict it. A chain of a single row is told by `names_identifiers`. Fails with the rows of the
   shortest chains; a chain has no more steps than there are such rows. #}
{% test never_tied(model, part, tie) %}
{{ config(fail_calc='coalesce(' ~ complaint("string_agg(problem, '; ' order by problem)") ~ ', 0)') }}
with recursive entries as (

    select
        action,
        concat_ws(',', action, identifier_type, identifier_value, other_type, other_value) as line,
        identifier_type || chr(31) || identifier_value as one,
        other_type || chr(31) || other_value as other
    from {{ model }}

),

ties as (

    select line, one as near, other as far from entries
    where action = {{ quoted(tie) }}
    union
    select line, other as near, one as far from entries
    where action = {{ quoted(tie) }}

),

parted as (

    select line, one, other from entries
    where
        action = {{ quoted(part) }}
        and one in (select near from ties)
        and other in (select near from ties)

),

-- what can be reached from either side of a parted pair, by how many ties
walked as (

    select one as start, one as reached, 0 as steps from parted
    union
    select other as start, other as reached, 0 as steps from parted
    union
    select walked.start, ties.far as reached, walked.steps + 1 as steps
    from walked
    inner join ties on walked.reached = ties.near
    where walked.steps < (select count(distinct line) from ties)

),

shortest as (

    select start, reached, min(steps) as steps
    from walked
    group by start, reached

),

contradicted as (

    select parted.*, shortest.steps
    from parted
    inner join shortest on parted.one = shortest.start and parted.other = shortest.reached
    where shortest.steps > 1

),

chains as (

    select distinct contradicted.line, ties.line as tie, before.steps
    from contradicted
    inner join shortest as before on contradicted.one = before.start
    inner join ties on before.reached = ties.near
    inner join shortest as after on contradicted.other = after.start and ties.far = after.reached
    where before.steps + 1 + after.steps = contradicted.steps

)

select
    'row "' || line || '": contradicts rows ' || string_agg('"' || tie || '"', ', ' order by steps, tie)
    || ', which tie the two together, take one of these rows out' as problem
from chains
group by line
{% endtest %}

{# Each row is what stands before the @ of an address, as staging writes addresses: any other row would block nobody.
   Fails with the rows and what to write instead. #}
{% test local_parts(model, column) %}
{{ config(fail_calc='coalesce(' ~ complaint("string_agg(problem, '; ' order by problem)") ~ ', 0)') }}
with entries as (

    select {{ column }} as given, lower({{ trimmed('split_part(' ~ column ~ ", '@', 1)") }}) as wanted
    from {{ model }}

),

judged as (

    select given, case
        when {{ clean_email("(wanted || '@example.org')") }} is null
            then given || ' cannot stand before the @ of an address'
        when given like '%@%' then 'write ' || wanted || ' for ' || given || ', only what stands before the @ counts'
        when given <> wanted then 'write ' || wanted || ' for ' || given
    end as problem
    from entries

)

select 'row "' || given || '": ' || problem as problem
from judged
where problem is not null
{% endtest %}

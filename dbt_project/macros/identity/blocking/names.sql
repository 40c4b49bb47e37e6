{# Whom records about people call by an identifier, and when (names); how many given names that makes (named); and who
   had it long before somebody of another name (handed_on). #}
{% macro names_ctes() %}
{%- set counted = identity_limits('identity_max_given_names') or {'': 0} -%}
{%- set handed_on = identity_limits('identity_handed_on_days') or {'': 0} -%}
names as (

    select
        sets.identifier_id,
        sets.identifier_type,
        lower(people.first_name) as given_name,
        lower(people.last_name) as family_name,
        min(people.updated_at) as first_at,
        max(people.updated_at) as last_at
    from people
    inner join sets on people.identity_key = sets.identity_key
    where
        people.first_name is not null
        and sets.identifier_type in ({{ text_list(counted.keys() | list + handed_on.keys() | list) }})
        {{ in_update('and ' ~ is_touched('sets', ['identifier_id'])) }}
    group by sets.identifier_id, sets.identifier_type, lower(people.first_name), lower(people.last_name)

),

several_names as (

    select identifier_id, count(*) as names
    from names
    group by identifier_id
    having count(*) > 1

),

named as (

    select names.identifier_id, names.identifier_type, count(distinct names.given_name) as given_names
    from names
    inner join several_names on names.identifier_id = several_names.identifier_id
    group by names.identifier_id, names.identifier_type

),

-- from a day on nobody of an earlier name, after a silence; who keeps the given or the family name is the same person,
-- misspelt or married. Whatever bears very many names is blocked for that.
handed_on as (

    select
        earlier.identifier_id,
        earlier.identifier_type,
        {{ days_between('max(earlier.last_at)', 'turn.first_at') }} as days
    from names as turn
    inner join several_names on turn.identifier_id = several_names.identifier_id and several_names.names <= 30
    inner join names as earlier on turn.identifier_id = earlier.identifier_id and earlier.first_at < turn.first_at
    inner join names as later on turn.identifier_id = later.identifier_id and later.first_at >= turn.first_at
    group by earlier.identifier_id, earlier.identifier_type, turn.given_name, turn.family_name, turn.first_at
    having
        max(earlier.last_at) < turn.first_at
        and max(case
            when earlier.given_name <> later.given_name and earlier.family_name <> later.family_name then 0 else 1
        end) = 0

)
{%- endmacro %}

{% macro name_reasons() -%}
    select identifier_id, 6 as rank, 'many_names: ' || given_names || ' given names' as block_reason
    from named
    where given_names > {{ limit_for('identifier_type', identity_limits('identity_max_given_names')) }}
    union all
    select identifier_id, 8 as rank, 'handed_on: to another person, ' || days || ' days later' as block_reason
    from handed_on
    where days > {{ limit_for('identifier_type', identity_limits('identity_handed_on_days')) }}
{%- endmacro %}

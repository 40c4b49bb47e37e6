{# Whom records about people call by an identifier, and when (names); how many given names that makes (named); and who
   had it long before somebody of another name (handed_on). #}
{% macro names_ctes() %}
{%- set counted = var('identity_max_given_names') or {'': 0} -%}
{%- set handed_on = var('identity_handed_on_days') or {'': 0} -%}
names as (

    select
        links.identifier_id,
        links.identifier_type,
        lower(people.first_name) as given_name,
        lower(people.last_name) as family_name,
        min(people.updated_at) as first_at,
        max(people.updated_at) as last_at
    from people
    inner join links on people.identity_key = links.identity_key
    where
        people.first_name is not null
        and links.identifier_type in ({{ text_list(counted.keys() | list + handed_on.keys() | list) }})
        {{ in_update('and ' ~ is_touched('links', ['identifier_id'])) }}
    group by links.identifier_id, links.identifier_type, lower(people.first_name), lower(people.last_name)

),

several_names as (

    select identifier_id
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

-- another given and another family name: a spelling, or a name taken in marriage, is still the same person
handed_on as (

    select
        earlier.identifier_id,
        earlier.identifier_type,
        max({{ days_between('earlier.last_at', 'later.first_at') }}) as days
    from names as earlier
    inner join several_names on earlier.identifier_id = several_names.identifier_id
    inner join names as later
        on
            earlier.identifier_id = later.identifier_id
            and earlier.last_at < later.first_at
            and earlier.given_name <> later.given_name
            and earlier.family_name <> later.family_name
    group by earlier.identifier_id, earlier.identifier_type

)
{%- endmacro %}

{% macro name_reasons() -%}
    select identifier_id, 6 as rank, 'many_names: ' || given_names || ' given names' as block_reason
    from named
    where given_names > {{ limit_for('identifier_type', var('identity_max_given_names')) }}
    union all
    select identifier_id, 8 as rank, 'handed_on: to another person, ' || days || ' days later' as block_reason
    from handed_on
    where days > {{ limit_for('identifier_type', var('identity_handed_on_days')) }}
{%- endmacro %}

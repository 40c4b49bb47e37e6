-- Identifiers that link nobody: known bad values, role mailboxes, and what cannot be one household's, judged by what
-- it meets: too many others, too many of one kind, too many given names, or for too long.
{% set meetings = {} %}
{% for type, by_kind in var('identity_max_met').items() %}
{% for met, limit in by_kind.items() %}{% do meetings.update({type ~ ' meets ' ~ met: limit}) %}{% endfor %}
{% endfor %}
{% set name_limits = var('identity_max_given_names') or {'': 0} %}
{% set lowest = (var('identity_max_links').values() | list + meetings.values() | list) | min %}

with identifiers as (

    select * from {{ ref('int_identifiers') }}

),

links as (

    select * from {{ ref('int_identity_links') }}

),

known_bad as (

    select * from {{ ref('blocked_identifiers') }}

),

role_mailboxes as (

    select * from {{ ref('role_mailboxes') }}

),

people as (

    select * from {{ ref('int_people') }}

),

partners as (

    select distinct
        one.identifier_id,
        one.identifier_type,
        other.identifier_id as partner_id,
        other.identifier_type as partner_type
    from links as one
    inner join links as other
        on
            one.identity_key = other.identity_key
            and one.identifier_id <> other.identifier_id

),

totals as (

    select
        identifier_id,
        identifier_type,
        count(*) as partners
    from partners
    group by identifier_id, identifier_type
    having count(*) > {{ lowest }}

),

-- Only the few that meet many are counted by kind, and by name.
met as (

    select
        partners.identifier_id,
        partners.identifier_type,
        partners.partner_type,
        partners.identifier_type || ' meets ' || partners.partner_type as meeting,
        count(*) as partners
    from partners
    inner join totals on partners.identifier_id = totals.identifier_id
    group by partners.identifier_id, partners.identifier_type, partners.partner_type

),

given_names as (

    select distinct
        identity_key,
        lower(first_name) as given_name
    from people
    where first_name is not null

),

names as (

    select
        links.identifier_id,
        links.identifier_type,
        given_names.given_name
    from given_names
    inner join links on given_names.identity_key = links.identity_key
    where links.identifier_type in ({{ text_list(name_limits) }})

),

often_named as (

    select identifier_id
    from names
    group by identifier_id
    having count(*) > {{ name_limits.values() | min }}

),

named as (

    select
        names.identifier_id,
        names.identifier_type,
        count(distinct names.given_name) as given_names
    from names
    inner join often_named on names.identifier_id = often_named.identifier_id
    group by names.identifier_id, names.identifier_type

),

reasons as (

    select identifiers.identifier_id, 1 as rank, 'known_bad: ' || known_bad.reason as block_reason
    from identifiers
    inner join known_bad
        on
            identifiers.identifier_type = known_bad.identifier_type
            and identifiers.identifier_value = known_bad.identifier_value

    union all

    select identifiers.identifier_id, 2 as rank, 'role_mailbox: ' || role_mailboxes.local_part as block_reason
    from identifiers
    inner join role_mailboxes
        on split_part(identifiers.identifier_value, '@', 1) = role_mailboxes.local_part
    where identifiers.identifier_type = 'email'

    union all

    select identifier_id, 3 as rank, 'one_digit: not a phone number' as block_reason
    from identifiers
    where
        identifier_type = 'phone'
        and length(replace(right(identifier_value, 8), right(identifier_value, 1), '')) = 0

    union all

    select
        identifier_id,
        4 as rank,
        'shared: meets ' || partners || ' other identifiers' as block_reason
    from totals
    where partners > {{ limit_for('identifier_type', var('identity_max_links')) }}

    union all

    select
        identifier_id,
        5 as rank,
        'crowded: meets ' || partners || ' of type ' || partner_type as block_reason
    from met
    where partners > {{ limit_for('meeting', meetings) }}

    union all

    select
        identifier_id,
        6 as rank,
        'many_names: ' || given_names || ' given names' as block_reason
    from named
    where given_names > {{ limit_for('identifier_type', name_limits) }}

    union all

    select
        identifier_id,
        7 as rank,
        'too_old: seen over ' || {{ days_between('first_seen_at', 'last_seen_at') }} || ' days' as block_reason
    from identifiers
    where
        {{ days_between('first_seen_at', 'last_seen_at') }}
        > {{ limit_for('identifier_type', var('identity_max_age_days')) }}

),

final as (

    select
        identifier_id,
        -- the first rule that holds; of two reasons under one rule the same one in every run
        substr(min(cast(rank as varchar) || block_reason), 2) as block_reason
    from reasons
    group by identifier_id

)

select * from final

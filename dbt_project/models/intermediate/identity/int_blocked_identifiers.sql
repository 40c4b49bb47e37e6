-- Identifiers that link nobody: known bad values, role mailboxes, and what cannot be one person's or household's, judged
-- by what it meets: too many others, too many of one kind, too many given names, or for too long.
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

met as (

    select
        identifier_id,
        identifier_type,
        partner_type,
        count(*) as partners
    from partners
    group by identifier_id, identifier_type, partner_type

),

crowded as (

    select
        identifier_id,
        identifier_type,
        cast(sum(partners) as bigint) as partners
    from met
    group by identifier_id, identifier_type

),

named as (

    select
        links.identifier_id,
        links.identifier_type,
        count(distinct lower(people.first_name)) as given_names
    from people
    inner join links on people.identity_key = links.identity_key
    where links.identifier_type in ({{ text_list(var('identity_max_given_names')) }})
    group by links.identifier_id, links.identifier_type

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
    from crowded
    where partners > case identifier_type
        {% for type, limit in var('identity_max_links').items() %}
        when '{{ type }}' then {{ limit }}
        {% endfor %}
    end

    union all

    select
        identifier_id,
        5 as rank,
        'crowded: meets ' || partners || ' of type ' || partner_type as block_reason
    from met
    where partners > case identifier_type || ' meets ' || partner_type
        {% for type, limits in var('identity_max_met').items() %}
        {% for met_type, limit in limits.items() %}
        when '{{ type }} meets {{ met_type }}' then {{ limit }}
        {% endfor %}
        {% endfor %}
    end

    union all

    select
        identifier_id,
        6 as rank,
        'many_names: ' || given_names || ' given names' as block_reason
    from named
    where given_names > case identifier_type
        {% for type, limit in var('identity_max_given_names').items() %}
        when '{{ type }}' then {{ limit }}
        {% endfor %}
    end

    union all

    select
        identifier_id,
        7 as rank,
        'too_old: seen over ' || {{ days_between('first_seen_at', 'last_seen_at') }} || ' days' as block_reason
    from identifiers
    where {{ days_between('first_seen_at', 'last_seen_at') }} > case identifier_type
        {% for type, days in var('identity_max_age_days').items() %}
        when '{{ type }}' then {{ days }}
        {% endfor %}
    end

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

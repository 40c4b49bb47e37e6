-- Identifiers that link nobody: known bad values, role mailboxes, and whatever links too many others for its type.
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

partners as (

    select distinct
        one.identifier_id,
        one.identifier_type,
        other.identifier_id as partner_id
    from links as one
    inner join links as other
        on
            one.identity_key = other.identity_key
            and one.identifier_id <> other.identifier_id

),

crowded as (

    select
        identifier_id,
        identifier_type,
        count(*) as partners
    from partners
    group by identifier_id, identifier_type

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

),

final as (

    select
        identifier_id,
        min_by(block_reason, rank) as block_reason
    from reasons
    group by identifier_id

)

select * from final

-- One row per user. The id is made from the oldest identifier's own name, not from its number: erasing other people
-- renumbers identifiers, and must not rename users.
with identity as (

    select * from {{ ref('int_identity') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

grouped as (

    select
        identity.user_key,
        count(*) as identifiers,
        count(distinct identifiers.identifier_type) as identifier_types,
        min(identifiers.first_known_at) as first_known_at,
        min(identifiers.first_seen_at) as first_seen_at,
        max(identifiers.last_seen_at) as last_seen_at
    from identity
    inner join identifiers on identity.identifier_id = identifiers.identifier_id
    group by identity.user_key

),

final as (

    select
        grouped.user_key,
        'u' || left(md5(identifiers.identifier_type || '=' || identifiers.identifier_value), 16) as user_id,
        grouped.identifiers,
        grouped.identifier_types,
        grouped.first_known_at,
        grouped.first_seen_at,
        grouped.last_seen_at
    from grouped
    inner join identifiers on grouped.user_key = identifiers.identifier_id

)

select * from final

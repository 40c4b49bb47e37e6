-- depends_on: {{ ref('identity_changes') }}
-- identity_changes compares the new users with the map as it still stands, so it must come first.
with identifiers as (

    select * from {{ ref('int_identifiers') }}

),

identity as (

    select * from {{ ref('int_identity') }}

),

users as (

    select * from {{ ref('int_users') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

final as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        users.user_id,
        blocked.identifier_id is not null as is_blocked,
        blocked.block_reason,
        identifiers.records,
        identifiers.first_known_at,
        identifiers.first_seen_at,
        identifiers.last_seen_at
    from identifiers
    left join identity on identifiers.identifier_id = identity.identifier_id
    left join users on identity.user_key = users.user_key
    left join blocked on identifiers.identifier_id = blocked.identifier_id

)

select * from final

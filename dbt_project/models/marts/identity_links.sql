-- What makes the identifiers of a user one: two of them that records carried together, or that an override ties.
-- A view, so that a build writes none of it.
{{ config(materialized='view') }}

with evidence as (

    select * from {{ ref('int_identity_evidence') }}
    where records > 0

),

links as (

    select * from {{ ref('int_identity_links') }}

),

pairs as (

    select * from {{ ref('int_identity_pairs') }}
    where kind = 'together'

),

-- a blocked identifier has no user
owners as (

    select identifier_id, identifier_type, identifier_value, user_id
    from {{ ref('identity_map') }}
    where known_to is null and user_id is not null

),

carried as (

    select
        links.identifier_id,
        others.identifier_id as other_id,
        sum(evidence.records) as records,
        min(evidence.first_seen_at) as first_seen_at,
        max(evidence.last_seen_at) as last_seen_at,
        {{ latest('evidence.last_source', 'evidence.last_seen_at', 'evidence.last_source') }} as last_source
    from links
    inner join links as others
        on links.identity_key = others.identity_key and links.identifier_id > others.identifier_id
    inner join evidence on links.identity_key = evidence.identity_key
    group by links.identifier_id, others.identifier_id

),

tied as (

    select identifier_id, other_id, min(reason) as reason
    from pairs
    group by identifier_id, other_id

),

both_kinds as (

    select
        coalesce(carried.identifier_id, tied.identifier_id) as identifier_id,
        coalesce(carried.other_id, tied.other_id) as other_id,
        coalesce(carried.records, 0) as records,
        carried.first_seen_at,
        carried.last_seen_at,
        carried.last_source,
        tied.reason as override_reason
    from carried
    full outer join tied on carried.identifier_id = tied.identifier_id and carried.other_id = tied.other_id

),

final as (

    select
        -- ids
        owners.user_id,
        both_kinds.identifier_id,
        owners.identifier_type,
        owners.identifier_value,
        both_kinds.other_id,
        others.identifier_type as other_type,
        others.identifier_value as other_value,

        -- why
        cast(both_kinds.records as bigint) as records,
        both_kinds.last_source,
        both_kinds.override_reason,

        -- timestamps
        both_kinds.first_seen_at,
        both_kinds.last_seen_at
    from both_kinds
    inner join owners on both_kinds.identifier_id = owners.identifier_id
    -- an override may keep two apart that records carried together
    inner join owners as others on both_kinds.other_id = others.identifier_id and owners.user_id = others.user_id

)

select * from final

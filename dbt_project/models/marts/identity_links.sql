-- What makes the identifiers of a user one: two of them that records carried together, or that an override ties.
-- A view, so that a build writes none of it. Each branch begins with whose identifiers they are, and nothing is kept on
-- the way: asked for one user, the engine reads that user's pairs only.
{{ config(materialized='view') }}

with evidence as {{ inlined() }} (

    select * from {{ ref('int_identity_evidence') }}
    where records > 0

),

links as {{ inlined() }} (

    select * from {{ ref('int_identity_links') }}

),

pairs as (

    select * from {{ ref('int_identity_pairs') }}
    where kind = 'together'

),

-- a blocked identifier has no user
owned as {{ inlined() }} (

    select identifier_id, identifier_type, identifier_value, user_id
    from {{ ref('identity_map') }}
    where known_to is null and user_id is not null

),

ties as {{ inlined() }} (

    select
        owned.user_id,
        links.identifier_id,
        others.identifier_id as other_id,
        evidence.records,
        evidence.first_seen_at,
        evidence.last_seen_at,
        evidence.last_source,
        cast(null as varchar) as override_reason
    from owned
    inner join links on owned.identifier_id = links.identifier_id
    inner join links as others
        on links.identity_key = others.identity_key and links.identifier_id > others.identifier_id
    inner join evidence on links.identity_key = evidence.identity_key

    union all

    select
        owned.user_id,
        pairs.identifier_id,
        pairs.other_id,
        0 as records,
        cast(null as timestamp) as first_seen_at,
        cast(null as timestamp) as last_seen_at,
        cast(null as varchar) as last_source,
        pairs.reason as override_reason
    from owned
    inner join pairs on owned.identifier_id = pairs.identifier_id

),

tied as {{ inlined() }} (

    select
        user_id,
        identifier_id,
        other_id,
        cast(sum(records) as bigint) as records,
        -- not `latest`: DuckDB 1.0, which reads the published view, has no max_by over a row
        last(last_source order by last_seen_at, last_source) filter (where last_source is not null) as last_source,
        min(override_reason) as override_reason,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from ties
    group by user_id, identifier_id, other_id

),

final as (

    select
        -- ids
        tied.user_id,
        tied.identifier_id,
        owned.identifier_type,
        owned.identifier_value,
        tied.other_id,
        others.identifier_type as other_type,
        others.identifier_value as other_value,

        -- why
        tied.records,
        tied.last_source,
        tied.override_reason,

        -- timestamps
        tied.first_seen_at,
        tied.last_seen_at
    from tied
    inner join owned on tied.identifier_id = owned.identifier_id and tied.user_id = owned.user_id
    -- an override may keep two apart that records carried together
    inner join owned as others on tied.other_id = others.identifier_id and tied.user_id = others.user_id

)

select * from final

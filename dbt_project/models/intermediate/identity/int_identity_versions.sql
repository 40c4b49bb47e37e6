-- Who every identifier belonged to, from when to when we thought so; known_to is null for what we think now.
-- The select gives edges (hi > lo): each set of unblocked identifiers as a star around its oldest one (the components
-- of all pairs, with fewer edges), and pairs from elsewhere. The materialisation solves them, and writes what changed.
{{ config(materialized='identity_partition', compares=['int_blocked_identifiers']) }}
-- depends_on: {{ ref('landing_files') }}
-- depends_on: {{ ref('int_identifiers') }}

with evidence as (

    select * from {{ ref('int_identity_evidence') }}
    where records > 0 {{ in_update('and ' ~ is_touched('int_identity_evidence', ['identity_key'])) }}

),

links as (

    select * from {{ ref('int_identity_links') }}
    {{ only_touched('int_identity_links', ['identity_key']) }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

pairs as (

    select * from {{ ref('int_identity_pairs') }}
    where kind = 'together'

),

open_links as (

    select links.identity_key, links.identifier_id, evidence.records, evidence.first_known_at
    from links
    inner join evidence on links.identity_key = evidence.identity_key
    where links.identifier_id not in (select identifier_id from blocked)

),

-- a pair may name what no record carries any more
open_ends as (

    select identifier_id from {{ ref('int_identifier_activity') }}
    where
        (
            identifier_id in (select identifier_id from pairs)
            or identifier_id in (select other_id from pairs)
        )
        and identifier_id not in (select identifier_id from blocked)

),

centres as (

    select identity_key, min(identifier_id) as lo
    from open_links
    group by identity_key

),

edges as (

    select open_links.identifier_id as hi, centres.lo, open_links.records, open_links.first_known_at
    from open_links
    inner join centres on open_links.identity_key = centres.identity_key
    where open_links.identifier_id > centres.lo

    union all

    select
        identifier_id as hi, other_id as lo, cast(null as bigint) as records, cast(null as timestamp) as first_known_at
    from pairs
    where
        identifier_id in (select identifier_id from open_ends) and other_id in (select identifier_id from open_ends)

)

select * from edges

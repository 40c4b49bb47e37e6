-- Each set of unblocked identifiers as a star around its oldest one: the components of all pairs, with fewer edges.
with links as (

    select * from {{ ref('int_identity_links') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

open_links as (

    select links.identity_key, links.identifier_id
    from links
    where not exists (
        select 1 from blocked
        where blocked.identifier_id = links.identifier_id
    )

),

centres as (

    select identity_key, min(identifier_id) as lo
    from open_links
    group by identity_key

),

final as (

    select distinct
        open_links.identifier_id as hi,
        centres.lo
    from open_links
    inner join centres on open_links.identity_key = centres.identity_key
    where open_links.identifier_id > centres.lo

)

select * from final

-- Every unblocked identifier with its user: the number of the user's oldest identifier. A merge keeps the older user.
with identifiers as (

    select * from {{ ref('int_identifiers') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

final as (

    select
        identifiers.identifier_id,
        coalesce(components.label, identifiers.identifier_id) as user_key
    from identifiers
    left join components on identifiers.identifier_id = components.id
    where not exists (
        select 1 from blocked
        where blocked.identifier_id = identifiers.identifier_id
    )

)

select * from final

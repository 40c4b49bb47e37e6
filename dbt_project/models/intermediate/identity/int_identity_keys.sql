-- From the set of identifiers a record carries to its user; null where every one of them is blocked.
with evidence as (

    select * from {{ ref('int_identity_evidence') }}

),

links as (

    select * from {{ ref('int_identity_links') }}

),

identity as (

    select * from {{ ref('int_identity') }}

),

owners as (

    select links.identity_key, min(identity.user_key) as user_key
    from links
    inner join identity on links.identifier_id = identity.identifier_id
    group by links.identity_key

),

final as (

    select
        evidence.identity_key,
        owners.user_key
    from evidence
    left join owners on evidence.identity_key = owners.identity_key

)

select * from final

-- How to reach a user: of its own e-mails and phones the one seen last, never one that others share.
with identity as (

    select * from {{ ref('int_identity') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

final as (

    select
        identity.user_key,
        {{ latest(
            "case when identifier_type = 'email' then identifier_value end", 'last_seen_at', 'identifier_value'
        ) }} as email,
        {{ latest(
            "case when identifier_type = 'phone' then identifier_value end", 'last_seen_at', 'identifier_value'
        ) }} as phone
    from identity
    inner join identifiers on identity.identifier_id = identifiers.identifier_id
    where identifiers.identifier_type in ('email', 'phone')
    group by identity.user_key

)

select * from final

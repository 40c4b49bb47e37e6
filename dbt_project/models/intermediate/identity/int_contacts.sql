-- How to reach a user: of its own e-mails and phones the one seen last, never one that others share.
with identity as (

    select * from {{ ref('int_identity') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

chosen as (

    select
        identity.user_key,
        {{ survivor(
            "case when identifier_type = 'email' then identifier_value end",
            'cast(null as varchar)', 'last_seen_at', ['last_seen_at', 'identifier_value']
        ) }} as email,
        {{ survivor(
            "case when identifier_type = 'phone' then identifier_value end",
            'cast(null as varchar)', 'last_seen_at', ['last_seen_at', 'identifier_value']
        ) }} as phone
    from identity
    inner join identifiers on identity.identifier_id = identifiers.identifier_id
    where identifiers.identifier_type in ('email', 'phone')
    group by identity.user_key

),

final as (

    select
        user_key,
        email.value as email,
        phone.value as phone,
        email.source as email_source,
        email.updated_at as email_updated_at,
        phone.source as phone_source,
        phone.updated_at as phone_updated_at
    from chosen

)

select * from final

-- How to reach a user: of its own e-mails and phones the one seen last, never one that others share.
{{ config(materialized='tracked', key=['user_key']) }}
{{ touched_users() }}

with identity as (

    select * from {{ ref('int_identity') }}
    {{ only_touched('int_identity', ['user_key']) }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}
    where identifier_type in ('email', 'phone')

),

activity as (

    select * from {{ ref('int_identifier_activity') }}

),

contacts as (

    select
        identity.user_key,
        identifiers.identifier_type,
        identifiers.identifier_value,
        activity.last_seen_at,
        activity.last_source
    from identity
    inner join identifiers on identity.identifier_id = identifiers.identifier_id
    inner join activity on identity.identifier_id = activity.identifier_id

),

chosen as (

    select
        {% for kind in ['email', 'phone'] %}
        {{ survivor(
            "case when identifier_type = '" ~ kind ~ "' then identifier_value end",
            'last_source', 'last_seen_at', ['last_seen_at', 'identifier_value']
        ) }} as {{ kind }},
        {% endfor %}
        user_key
    from contacts
    group by user_key

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

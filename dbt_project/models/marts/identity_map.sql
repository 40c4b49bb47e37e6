-- Whom each identifier belongs to (known_to is null), and whom it was thought to belong to before.
{{ config(materialized='tracked', key=['identifier_id']) }}
{{ touched('select identifier_id from ' ~ update_ref('int_identifier_activity') ~ ' where changed_in > __through__'
  ~ ' union select identifier_id from ' ~ update_ref('int_blocked_identifiers') ~ ' where changed_in > __through__'
  ~ ' union select identifier_id from ' ~ changed_versions(update_ref('int_identity_versions')) ~ ' as moved') }}

with versions as (

    select * from {{ ref('int_identity_versions') }}
    {{ only_touched('int_identity_versions', ['identifier_id']) }}

),

identifiers as {{ inlined() }} (

    select * from {{ ref('int_identifiers') }}

),

activity as (

    select * from {{ ref('int_identifier_activity') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

users as (

    select user_keys.user_key, {{ user_id_of('identifiers') }} as user_id
    from (select distinct user_key from versions) as user_keys
    inner join identifiers on user_keys.user_key = identifiers.identifier_id

),

final as (

    select
        -- ids
        versions.identifier_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        users.user_id,

        -- what we know
        versions.user_key is null as is_blocked,
        case when versions.known_to is null then blocked.block_reason end as block_reason,
        coalesce(activity.records, 0) as records,

        -- timestamps
        identifiers.first_known_at,
        activity.first_seen_at,
        activity.last_seen_at,
        versions.known_from,
        versions.known_to
    from versions
    inner join identifiers on versions.identifier_id = identifiers.identifier_id
    left join activity on versions.identifier_id = activity.identifier_id
    left join users on versions.user_key = users.user_key
    left join blocked on versions.identifier_id = blocked.identifier_id

)

select * from final

-- One row per user. The id is made from the oldest identifier's own name, not from its number: numbers are this
-- warehouse's own.
{{ config(materialized='tracked', key=['user_key']) }}
-- An update works out all users of a set that changed, not only the one it belongs to: an override may keep its
-- identifiers apart.
{% set keys, evidence = update_ref('int_identity_keys'), update_ref('int_identity_evidence') %}
{{ touched('select identity.user_key from (select distinct identifier_id from ' ~ update_ref('int_identity_links')
  ~ ' where identity_key in (select identity_key from ' ~ evidence ~ ' where changed_in > __through__ union select identity_key from '
  ~ keys ~ ' where changed_in > __through__)) as links inner join ' ~ update_ref('int_identity')
  ~ ' as identity on links.identifier_id = identity.identifier_id union select user_key from '
  ~ changed_versions(update_ref('int_identity_versions')) ~ ' as moved where user_key is not null') }}

with identity as (

    select * from {{ ref('int_identity') }}
    {{ only_touched('int_identity', ['user_key']) }}

),

activity as (

    select * from {{ ref('int_identifier_activity') }}

),

identifiers as {{ inlined() }} (

    select * from {{ ref('int_identifiers') }}

),

grouped as (

    select
        identity.user_key,
        count(*) as identifiers,
        -- counted one by one: half the time of a count of distinct ones
        cast(
            {%- for type in var('identifier_types') %}
            {{ '+ ' if not loop.first }}max(case when identifiers.identifier_type = '{{ type }}' then 1 else 0 end)
            {%- endfor %}
            as bigint
        ) as identifier_types,
        min(identifiers.first_known_at) as first_known_at,
        min(activity.first_seen_at) as first_seen_at,
        max(activity.last_seen_at) as last_seen_at
    from identity
    inner join identifiers on identity.identifier_id = identifiers.identifier_id
    inner join activity on identity.identifier_id = activity.identifier_id
    group by identity.user_key

),

final as (

    select
        grouped.user_key,
        {{ user_id_of('identifiers') }} as user_id,
        grouped.identifiers,
        grouped.identifier_types,
        grouped.first_known_at,
        grouped.first_seen_at,
        grouped.last_seen_at
    from grouped
    inner join identifiers on grouped.user_key = identifiers.identifier_id

)

select * from final

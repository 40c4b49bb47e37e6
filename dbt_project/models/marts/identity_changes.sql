{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}

-- What happened to users since the last run: the new partition against the map as it still stands. The log is appended
-- to and never rebuilt, because yesterday's map is gone once identity_map is replaced.
{% set before = adapter.get_relation(this.database, this.schema, 'identity_map') %}

with now_users as (

    select * from {{ ref('int_users') }}

),

now_members as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        users.user_id
    from {{ ref('int_identifiers') }} as identifiers
    inner join {{ ref('int_identity') }} as identity on identifiers.identifier_id = identity.identifier_id
    inner join now_users as users on identity.user_key = users.user_key

),

{% if before and is_incremental() %}
was_members as (

    select identifier_type, identifier_value, user_id
    from {{ before }}
    where user_id is not null

),
{% else %}
was_members as (

    select identifier_type, identifier_value, user_id
    from now_members
    where false

),
{% endif %}

moves as (

    select distinct
        was_members.user_id as was_user_id,
        now_members.user_id
    from was_members
    inner join now_members
        on
            was_members.identifier_type = now_members.identifier_type
            and was_members.identifier_value = now_members.identifier_value
    where was_members.user_id <> now_members.user_id

),

was_users as (

    select distinct user_id from was_members

),

clock as (

    select * from {{ ref('int_clock') }}

),

changes as (

    select now_users.user_id, 'created' as event, cast(null as varchar) as other_user_id
    from now_users
    where
        now_users.user_id not in (select user_id from was_users)
        and now_users.user_id not in (select user_id from moves)

    union all

    -- the old user is no more: its identifiers are another user's now
    select was_user_id as user_id, 'merged_into' as event, user_id as other_user_id
    from moves
    where was_user_id not in (select user_id from now_users)

    union all

    -- the old user lives on, and some of its identifiers do so elsewhere
    select user_id, 'split_from' as event, was_user_id as other_user_id
    from moves
    where was_user_id in (select user_id from now_users)

),

final as (

    select
        md5(
            changes.user_id || changes.event || coalesce(changes.other_user_id, '') || clock.loaded_through
        ) as change_id,
        changes.user_id,
        changes.event,
        changes.other_user_id,
        clock.loaded_through as changed_at
    from changes
    cross join clock

)

select * from final

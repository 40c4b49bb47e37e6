-- What happened to users, run by run. The log is appended to and never rebuilt: it tells what we thought then.
{{ config(materialized='tracked', appends=true, keeps_rows=true, stamped=false) }}

with versions as {{ inlined() }} (

    select * from {{ ref('int_identity_versions') }}

),

moves as (

    select * from {{ ref('int_identity_moves') }}
    {{ in_update('where changed_in > __through__') }}

),

opened as {{ inlined() }} (

    select * from versions
    where known_to is null and user_key is not null {{ in_update('and opened_in > __through__') }}

),

-- users that were there when this model last looked (none before its first run), or took over from one that was
known as (

    select user_key from versions
    where
        user_key is not null
        and ({{ in_update('opened_in <= __through__ and (closed_in is null or closed_in > __through__) or') }} false)
        {{ in_update('and user_key in (select user_key from opened)') }}

    union

    select user_key from moves
    where user_key is not null

),

causes as (

    select * from {{ ref('int_identity_causes') }}
    {{ in_update('where changed_in > __through__') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

freed as (

    select distinct versions.identifier_id, {{ name_of('identifiers') }} as name
    from versions
    inner join identifiers on versions.identifier_id = identifiers.identifier_id
    where
        versions.user_key is null and versions.closed_in is not null
        {{ in_update('and versions.closed_in > __through__ and versions.opened_in <= __through__') }}

),

changes as (

    {{ users_created() }}

    union all

    {{ users_changed_by_moves() }}

),

final as (

    select
        md5(concat_ws(' ', changes.user_key, changes.event, changes.other_user_key, changes.changed_at)) as change_id,
        {{ user_id_of('users') }} as user_id,
        changes.event,
        {{ user_id_of('others') }} as other_user_id,
        changes.changed_at,
        changes.batch_id,
        changes.cause,
        changes.cause_detail,
        changes.identity_key
    from changes
    inner join identifiers as users on changes.user_key = users.identifier_id
    left join identifiers as others on changes.other_user_key = others.identifier_id

)

select * from final

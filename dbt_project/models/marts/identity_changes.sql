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

created as (

    select
        opened.user_key,
        max(opened.known_from) as changed_at,
        max(opened.batch_id) as batch_id,
        -- where all of a user was known and blocked, no record made it, but what let it link again
        case when count(freed.identifier_id) = count(*) then min(freed.name) end as unblocked
    from opened
    left join freed on opened.identifier_id = freed.identifier_id
    where opened.user_key not in (select user_key from known)
    group by opened.user_key

),

changes as (

    select
        user_key, 'created' as event, cast(null as bigint) as other_user_key, changed_at, batch_id,
        case when unblocked is null then 'record' else 'unblocked' end as cause, unblocked as cause_detail,
        cast(null as ubigint) as identity_key
    from created

    union all

    select
        case when moves.was_user_lives or moves.heirs > 1 then moves.user_key else moves.was_user_key end as user_key,
        case
            when moves.user_key is null then 'dissolved'
            when moves.was_user_lives or moves.heirs > 1 then 'split_from'
            else 'merged_into'
        end as event,
        case
            when moves.was_user_lives or moves.heirs > 1 then moves.was_user_key else moves.user_key
        end as other_user_key,
        moves.moved_at as changed_at,
        moves.batch_id,
        coalesce(causes.cause, 'superseded') as cause,
        causes.cause_detail,
        causes.identity_key
    from moves
    left join causes
        on moves.was_user_key = causes.was_user_key and moves.user_key is not distinct from causes.user_key
    -- identifiers that belong to nobody any more are a change of users only where nothing else is left
    where moves.user_key is not null or (not moves.was_user_lives and moves.heirs = 0)

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

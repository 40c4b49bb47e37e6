-- Each user's identifiers that became another user's, run by run; no user where they are all blocked or gone.
{{ config(materialized='tracked', appends=true, keeps_rows=true) }}

with versions as {{ inlined() }} (

    select * from {{ ref('int_identity_versions') }}

),

-- what was thought when this model last looked
was as (

    select *
    from versions
    where closed_in is not null {{ in_update('and closed_in > __through__ and opened_in <= __through__') }}

),

now as (

    select * from versions
    where known_to is null and identifier_id in (select identifier_id from was)

),

alive as (

    select distinct user_key from versions
    where known_to is null and user_key in (select user_key from was)

),

moved as (

    select
        was.user_key as was_user_key,
        now.user_key,
        max(was.known_to) as moved_at,
        max(was.closed_batch_id) as batch_id,
        count(*) as identifiers
    from was
    left join now on was.identifier_id = now.identifier_id
    where was.user_key is not null and now.user_key is distinct from was.user_key
    group by was.user_key, now.user_key

),

heirs as (

    select was_user_key, count(user_key) as heirs
    from moved
    group by was_user_key

),

final as (

    select
        moved.was_user_key,
        moved.user_key,
        moved.moved_at,
        moved.batch_id,
        moved.identifiers,
        alive.user_key is not null as was_user_lives,
        heirs.heirs
    from moved
    inner join heirs on moved.was_user_key = heirs.was_user_key
    left join alive on moved.was_user_key = alive.user_key

)

select * from final

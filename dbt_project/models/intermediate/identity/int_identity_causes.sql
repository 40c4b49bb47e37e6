-- Why identifiers moved from one user to another: the first cause in `rank` that holds.
{{ config(materialized='tracked', appends=true, keeps_rows=true) }}

with moves as (

    select * from {{ ref('int_identity_moves') }}
    where user_key is not null {{ in_update('and changed_in > __through__') }}

),

versions as (

    select * from {{ ref('int_identity_versions') }}

),

ledger as (

    select identifier_id, identifier_type || '=' || identifier_value as name from {{ ref('int_identifiers') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

pairs as (

    select kind, identifier_id, other_id, reason from {{ ref('int_identity_pairs') }}
    {{ in_update("union all select kind, identifier_id, other_id, 'taken back' as reason from "
      ~ identity_before('ended', ref('int_identity_versions')) ~ " where closed_in > __through__") }}

),

-- every identifier of either side, with its user before and now
was as (

    select * from versions
    where closed_in is not null {{ in_update('and closed_in > __through__ and opened_in <= __through__') }}

),

now as (

    select * from versions
    where known_to is null and identifier_id in (select identifier_id from was)

),

members as (

    select
        was.identifier_id,
        was.user_key as was_user_key,
        now.user_key,
        now.identifier_id is not null as is_known
    from was
    left join now on was.identifier_id = now.identifier_id

),

touched_links as (

    select links.*
    from {{ ref('int_identity_links') }} as links
    inner join {{ ref('int_identity_evidence') }} as evidence on links.identity_key = evidence.identity_key
    where evidence.records > 0 {{ in_update('and evidence.changed_in > __through__') }}

),

records as (

    select moves.was_user_key, moves.user_key, 1 as rank, 'record' as cause, links.identity_key,
        mine.name || ' + ' || theirs.name as cause_detail
    from moves
    inner join members on moves.was_user_key = members.was_user_key and moves.user_key = members.user_key
    inner join touched_links as links on members.identifier_id = links.identifier_id
    inner join touched_links as others on links.identity_key = others.identity_key
    left join members as other_members on others.identifier_id = other_members.identifier_id
    inner join ledger as mine on links.identifier_id = mine.identifier_id
    inner join ledger as theirs on others.identifier_id = theirs.identifier_id
    where
        not moves.was_user_lives and others.identifier_id <> links.identifier_id
        and other_members.was_user_key is distinct from moves.was_user_key

),

rules as (

    select moves.was_user_key, moves.user_key, case when members.was_user_key is null then 3 else 4 end as rank,
        case when members.was_user_key is null then 'unblocked' else 'blocked' end as cause,
        cast(null as ubigint) as identity_key,
        ledger.name || coalesce(' (' || blocked.block_reason || ')', '') as cause_detail
    from moves
    inner join members
        on
            (members.was_user_key = moves.was_user_key and members.user_key is null and members.is_known)
            or (members.was_user_key is null and members.user_key = moves.user_key)
    inner join ledger on members.identifier_id = ledger.identifier_id
    left join blocked on members.identifier_id = blocked.identifier_id

),

overridden as (

    select moves.was_user_key, moves.user_key, 2 as rank, 'override' as cause, cast(null as ubigint) as identity_key,
        pairs.kind || ' ' || one.name || ' + ' || other.name || ': ' || pairs.reason as cause_detail
    from moves
    inner join members on moves.was_user_key = members.was_user_key and moves.user_key = members.user_key
    inner join pairs on members.identifier_id in (pairs.identifier_id, pairs.other_id)
    inner join ledger as one on pairs.identifier_id = one.identifier_id
    inner join ledger as other on pairs.other_id = other.identifier_id

),

found as (

    select * from records union all select * from overridden union all select * from rules

),

final as (

    select was_user_key, user_key, cause, cause_detail, identity_key
    from found
    qualify row_number() over (partition by was_user_key, user_key order by rank, cause_detail, identity_key) = 1

)

select * from final

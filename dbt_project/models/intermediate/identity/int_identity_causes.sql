-- Why identifiers moved from one user to another: the first cause in `rank` that holds.
{{ config(materialized='tracked', appends=true, keeps_rows=true) }}

with recursive moves as (

    select * from {{ ref('int_identity_moves') }}
    {{ in_update('where changed_in > __through__') }}

),

versions as {{ inlined() }} (

    select * from {{ ref('int_identity_versions') }}

),

ledger as {{ inlined() }} (

    select * from {{ ref('int_identifiers') }}

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

touched_links as {{ inlined() }} (

    select links.*
    from {{ ref('int_identity_links') }} as links
    inner join {{ ref('int_identity_evidence') }} as evidence on links.identity_key = evidence.identity_key
    where evidence.records > 0 {{ in_update('and evidence.changed_in > __through__') }}

),

-- what changed records carry of users that identifiers moved to, and whose it was
carried as (

    select
        links.identity_key,
        links.identifier_id,
        now.user_key,
        case
            when members.identifier_id is not null then members.was_user_key
            {{ in_update('when now.opened_in <= __through__ then now.user_key') }}
        end as was_user_key,
        members.identifier_id is null {{ in_update('and now.opened_in > __through__') }} as is_new
    from touched_links as links
    inner join versions as now on links.identifier_id = now.identifier_id
    left join members on links.identifier_id = members.identifier_id
    where now.known_to is null and now.user_key in (select user_key from moves)

),

leads as (

    {{ former_users_led_to() }}

),

found as (

    {{ moved_by_records() }}
    union all
    {{ moved_by_overrides() }}
    union all
    {{ moved_by_rules() }}

),

final as (

    select was_user_key, user_key, cause, cause_detail, identity_key
    from found
    qualify row_number() over (partition by was_user_key, user_key order by rank, cause_detail, identity_key) = 1

)

select * from final

{# Parts of identity_changes, over its CTEs: what happened to users. #}

{# Users that were not there before. Where all of a user was known and blocked, no record made it, but what let it link again. #}
{% macro users_created() -%}
    select
        user_key, 'created' as event, cast(null as bigint) as other_user_key, changed_at, batch_id,
        case when unblocked is null then 'record' else 'unblocked' end as cause, unblocked as cause_detail,
        cast(null as ubigint) as identity_key
    from (
        select
            opened.user_key, max(opened.known_from) as changed_at, max(opened.batch_id) as batch_id,
            case when count(freed.identifier_id) = count(*) then min(freed.name) end as unblocked
        from opened
        left join freed on opened.identifier_id = freed.identifier_id
        where opened.user_key not in (select user_key from known)
        group by opened.user_key
    ) as created
{%- endmacro %}

{# Users that lost identifiers to others: all of them, or some, or to nobody. That identifiers belong to nobody any more is a
   change of users only where nothing else is left. #}
{% macro users_changed_by_moves() -%}
    {%- set splits = 'moves.was_user_lives or moves.heirs > 1' -%}
    select
        case when {{ splits }} then moves.user_key else moves.was_user_key end as user_key,
        case
            when moves.user_key is null then 'dissolved'
            when {{ splits }} then 'split_from'
            else 'merged_into'
        end as event,
        case when {{ splits }} then moves.was_user_key else moves.user_key end as other_user_key,
        moves.moved_at as changed_at,
        moves.batch_id,
        coalesce(causes.cause, 'superseded') as cause,
        causes.cause_detail,
        causes.identity_key
    from moves
    left join causes
        on moves.was_user_key = causes.was_user_key and moves.user_key is not distinct from causes.user_key
    where moves.user_key is not null or (not moves.was_user_lives and moves.heirs = 0)
{%- endmacro %}

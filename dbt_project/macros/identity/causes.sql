{# Parts of int_identity_causes, over its CTEs: for each pair of users between which identifiers moved, what may have done it. #}

{# Which former users changed records lead to from each identifier: its own one, or for one that nobody had, those that
   records tie it to, by way of others that nobody had. #}
{% macro former_users_led_to() -%}
    select distinct user_key, identifier_id, was_user_key
    from carried
    where was_user_key is not null

    union

    select far.user_key, far.identifier_id, leads.was_user_key
    from leads
    inner join carried as near on leads.identifier_id = near.identifier_id
    inner join carried as far on near.identity_key = far.identity_key and near.user_key = far.user_key
    where far.is_new
{%- endmacro %}

{# A record ties one of the identifiers to something that leads to the other user as it was, so not one to a new identifier
   that nobody else has. It weighs less where the former user came apart: it lives on, or has several heirs. Records alone
   do that only between two that are kept apart, and then the other's records weigh more. Least weighs a record that leads
   to a third user: what brought that one there may have brought both. #}
{% macro moved_by_records() -%}
    select moves.was_user_key, moves.user_key,
        case
            when
                leads.was_user_key
                = case when oldest.identifier_id is null then moves.user_key else oldest.was_user_key end
                then case when moves.was_user_lives or moves.heirs > 1 then 5 else 1 end
            else 6
        end as rank,
        'record' as cause, own.identity_key,
        {{ name_of('mine') }} || ' + ' || {{ name_of('theirs') }} as cause_detail
    from moves
    {# a user's key is its oldest identifier, and whose that was tells whom the user continues #}
    left join members as oldest on moves.user_key = oldest.identifier_id
    inner join carried as own on moves.was_user_key = own.was_user_key and moves.user_key = own.user_key
    inner join carried as others on own.identity_key = others.identity_key and own.user_key = others.user_key
    inner join leads on others.identifier_id = leads.identifier_id
    inner join ledger as mine on own.identifier_id = mine.identifier_id
    inner join ledger as theirs on others.identifier_id = theirs.identifier_id
    where leads.was_user_key <> moves.was_user_key
{%- endmacro %}

{# A person decided about two of them, or took a decision back. A pair that goes the same way together was not parted or
   joined by that, nor one of which an end was blocked or is free again. #}
{% macro moved_by_overrides() -%}
    select moves.was_user_key, moves.user_key, 2 as rank, 'override' as cause, cast(null as ubigint) as identity_key,
        pairs.kind || ' ' || {{ name_of('one') }} || ' + ' || {{ name_of('other') }} || ': ' || pairs.reason as cause_detail
    from moves
    inner join members on moves.was_user_key = members.was_user_key and moves.user_key = members.user_key
    inner join pairs on members.identifier_id in (pairs.identifier_id, pairs.other_id)
    inner join ledger as one on pairs.identifier_id = one.identifier_id
    inner join ledger as other on pairs.other_id = other.identifier_id
    left join members as partners
        on
            case when members.identifier_id = pairs.identifier_id then pairs.other_id else pairs.identifier_id end
            = partners.identifier_id
    where
        partners.identifier_id is null
        or partners.was_user_key <> moves.was_user_key or partners.user_key <> moves.user_key
{%- endmacro %}

{# A value that tied the former user's together was blocked; or one that was blocked ties them to the other user now. #}
{% macro moved_by_rules() -%}
    select moves.was_user_key, moves.user_key, case when members.was_user_key is null then 3 else 4 end as rank,
        case when members.was_user_key is null then 'unblocked' else 'blocked' end as cause,
        cast(null as ubigint) as identity_key,
        {{ name_of('ledger') }} || coalesce(' (' || blocked.block_reason || ')', '') as cause_detail
    from moves
    inner join members
        on
            (members.was_user_key = moves.was_user_key and members.user_key is null and members.is_known)
            or (members.was_user_key is null and members.user_key = moves.user_key)
    inner join ledger on members.identifier_id = ledger.identifier_id
    left join blocked on members.identifier_id = blocked.identifier_id
{%- endmacro %}

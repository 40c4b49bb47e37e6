{# Parts of int_identity_causes, over its CTEs: for each pair of users between which identifiers moved, what may have done it. #}

{# A record ties one of the identifiers to something of the other user that was not the former one's. A former user that
   lives on lost it by that only where nothing else did it: the two are kept apart, and the other's records weigh more.
#}
{% macro moved_by_records() -%}
    select moves.was_user_key, moves.user_key, case when moves.was_user_lives then 5 else 1 end as rank,
        'record' as cause, links.identity_key,
        {{ name_of('mine') }} || ' + ' || {{ name_of('theirs') }} as cause_detail
    from moves
    inner join members on moves.was_user_key = members.was_user_key and moves.user_key = members.user_key
    inner join touched_links as links on members.identifier_id = links.identifier_id
    inner join touched_links as others on links.identity_key = others.identity_key
    inner join versions as joined
        on others.identifier_id = joined.identifier_id and joined.known_to is null and joined.user_key = moves.user_key
    left join members as other_members on others.identifier_id = other_members.identifier_id
    inner join ledger as mine on links.identifier_id = mine.identifier_id
    inner join ledger as theirs on others.identifier_id = theirs.identifier_id
    where
        others.identifier_id <> links.identifier_id
        and other_members.was_user_key is distinct from moves.was_user_key
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

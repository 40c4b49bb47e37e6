"""Questions about identities that `identity health` and the report both ask: one definition of each."""

from __future__ import annotations

import duckdb

from profilectl.facts import Row, has_table, rows

#: The last size of ``sizes`` stands for all larger ones too.
LARGEST_SIZE = 20

Connection = duckdb.DuckDBPyConnection


def totals(connection: Connection) -> Row:
    """Return ``users``, their ``identifiers``, and ``single_identifier_share`` [share 0-1]."""
    [found] = rows(
        connection,
        "with sizes as ("
        "select count(*) as n from marts.identity_map where user_id is not null and known_to is null "
        "group by user_id) "
        "select count(*) as users, coalesce(sum(n), 0)::bigint as identifiers, "
        "count(*) filter (where n = 1) / nullif(count(*), 0) as single_identifier_share from sizes",
    )
    return found


def sizes(connection: Connection) -> list[Row]:
    """Return (identifiers, users that have so many); 20 stands for 20 and more."""
    return rows(
        connection,
        "with sizes as (select user_id, count(*) as size from marts.identity_map "
        "where user_id is not null and known_to is null group by user_id) "
        f"select least(size, {LARGEST_SIZE}) as identifiers, count(*) as users "
        "from sizes group by 1 order by 1",
    )


def types(connection: Connection) -> list[Row]:
    """Return (type, linking identifiers, blocked identifiers)."""
    return rows(
        connection,
        "select identifier_type, count(*) filter (where not is_blocked) as linking, "
        "count(*) filter (where is_blocked) as blocked "
        "from marts.identity_map where known_to is null group by 1 order by 2 desc, 1",
    )


def largest(connection: Connection, limit: int) -> list[Row]:
    """Return (user, identifiers, identifiers per type) of the users with most identifiers."""
    return rows(
        connection,
        # The few users first: what they consist of need not be worked out for all.
        "with now as (select user_id, identifier_type as type from marts.identity_map "
        "where user_id is not null and known_to is null), "
        "largest as (select user_id from now group by user_id order by count(*) desc, user_id limit ?), "
        "counted as (select user_id, type, count(*) as n from now semi join largest using (user_id) "
        "group by user_id, type) "
        "select user_id, sum(n)::bigint as identifiers, "
        "string_agg(n || ' ' || type, ', ' order by n desc, type) as types "
        "from counted group by user_id order by identifiers desc, user_id",
        [limit],
    )


def churn(connection: Connection, limit: int) -> list[Row]:
    """Return (load, time, users created, merged, split, dissolved) of the latest loads and changed rules."""
    return rows(
        connection,
        "select batch_id, changed_at, "
        "count(*) filter (where event = 'created') as created, "
        "count(*) filter (where event = 'merged_into') as merged, "
        "count(*) filter (where event = 'split_from') as split, "
        "count(*) filter (where event = 'dissolved') as dissolved "
        "from marts.identity_changes group by batch_id, changed_at "
        "order by changed_at desc, batch_id desc limit ?",
        [limit],
    )


def causes(connection: Connection, limit: int) -> list[Row]:
    """Return (load, time, event, cause, changes) of the latest merges, splits and dissolutions."""
    return rows(
        connection,
        "with changes as (select * from marts.identity_changes where event <> 'created'), "
        "latest as (select distinct batch_id, changed_at from changes "
        "order by changed_at desc, batch_id desc limit ?) "
        "select batch_id, changed_at, event, cause, count(*) as changes "
        "from changes inner join latest using (batch_id, changed_at) group by all "
        "order by changed_at desc, batch_id desc, changes desc, event, cause",
        [limit],
    )


def blocked(connection: Connection, limit: int) -> list[Row]:
    """Return (type, value, reason, users it would join) of blocked identifiers, the worst first."""
    return rows(
        connection,
        f"{_MET} select identifier_type as type, identifier_value as value, block_reason as reason, "
        "coalesce(met.users, 0) as would_join from intermediate.int_blocked_identifiers "
        "inner join intermediate.int_identifiers using (identifier_id) left join met using (identifier_id) "
        "order by would_join desc, identifier_id limit ?",
        [limit],
    )


def blocked_rules(connection: Connection) -> list[Row]:
    """Return (type, rule, identifiers, most users that one of them would join); never the values themselves.

    Whom they would join is null in a published file, which holds no evidence.
    """
    with_evidence = has_table(connection, "intermediate", "int_blocked_identifiers")
    return rows(
        connection,
        f"{_MET if with_evidence else ''} "
        "select identifier_type, coalesce(split_part(block_reason, ':', 1), 'unknown') as reason, "
        "count(*) as n, " + ("coalesce(max(met.users), 0)" if with_evidence else "null") + " as would_join "
        "from marts.identity_map "
        + ("left join met using (identifier_id) " if with_evidence else "")
        + "where is_blocked and known_to is null group by 1, 2 order by n desc, 1, 2",
    )


#: The users that each blocked identifier meets on records: it would make one of them.
_MET = """
    with met as (
        select links.identifier_id, count(distinct identity.user_key) as users
        from intermediate.int_blocked_identifiers as blocked
        inner join intermediate.int_identity_links as links using (identifier_id)
        inner join intermediate.int_identity_evidence as evidence using (identity_key)
        inner join intermediate.int_identity_links as beside using (identity_key)
        inner join intermediate.int_identity as identity on beside.identifier_id = identity.identifier_id
        where evidence.records > 0
        group by links.identifier_id
    )
"""

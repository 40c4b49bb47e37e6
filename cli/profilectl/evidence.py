"""What the warehouse says about identifiers: whose they are, which records and overrides tie or part them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from profilectl import facts
from profilectl.profile import is_text, readings
from profilectl_ml.errors import ProfilectlError

#: Two identifiers, by number, that an override ties, and its reason.
Tie = tuple[int, int, str]


@dataclass(frozen=True)
class Identifier:
    """One identifier, and whose it is or why it is nobody's."""

    number: int
    type: str
    value: str
    user_id: str | None
    block_reason: str | None

    def __str__(self) -> str:
        return f"{self.type}={self.value}"


def find_identifier(connection: duckdb.DuckDBPyConnection, text: str) -> Identifier:
    """Return the one identifier that ``text`` names.

    Raises
    ------
    ProfilectlError
        If there is none, or more than one.
    """
    if not facts.has_table(connection, "intermediate", "int_identity_links"):
        raise ProfilectlError("the warehouse has no identities yet", hint="run: profilectl build")
    found = next(filter(None, _named(connection, text)), [])
    if len(found) == 1:
        return found[0]
    if found:
        raise ProfilectlError(
            f"{text!r} names {len(found)} identifiers",
            hint="choose one: " + " ".join(str(identifier) for identifier in found[:5]),
        )
    raise ProfilectlError(
        f"no user or identifier {text!r}",
        hint="give a whole identifier such as an e-mail address, or a user id (u + 16 hex digits)",
    )


def links(connection: duckdb.DuckDBPyConnection, identifier: Identifier) -> list[tuple[int, int]]:
    """Return (set of identifiers that counting records carry, identifier of the user that is in it)."""
    return connection.execute(
        """
        select links.identity_key, links.identifier_id
        from intermediate.int_identity_links as links
        inner join intermediate.int_identity_evidence as evidence using (identity_key)
        inner join intermediate.int_identity as identity using (identifier_id)
        inner join intermediate.int_users as users using (user_key)
        where users.user_id = ? and evidence.records > 0
        """,
        [identifier.user_id],
    ).fetchall()


def ties(connection: duckdb.DuckDBPyConnection, identifier: Identifier) -> list[Tie]:
    """Return the pairs of the user's identifiers that overrides put together, each with its reason."""
    return connection.execute(
        """
        select pairs.identifier_id, pairs.other_id, min(pairs.reason)
        from intermediate.int_identity_pairs as pairs
        inner join intermediate.int_identity as one using (identifier_id)
        inner join intermediate.int_identity as other on pairs.other_id = other.identifier_id
        inner join intermediate.int_users as users on one.user_key = users.user_key
        where pairs.kind = 'together' and one.user_key = other.user_key and users.user_id = ?
        group by all order by all
        """,
        [identifier.user_id],
    ).fetchall()


def kept_apart(connection: duckdb.DuckDBPyConnection, one: Identifier, other: Identifier) -> list[facts.Row]:
    """Return the overrides (one, other, reason) that keep the users of two identifiers apart."""
    return facts.rows(
        connection,
        """
        with owned as (
            select identifier_id, identifier_type || '=' || identifier_value as name, users.user_id
            from intermediate.int_identity
            inner join intermediate.int_users as users using (user_key)
            inner join intermediate.int_identifiers using (identifier_id)
            where users.user_id in ($one, $other)
        )
        select distinct one.name as one, other.name as other, pairs.reason
        from intermediate.int_identity_pairs as pairs
        inner join owned as one on one.identifier_id in (pairs.identifier_id, pairs.other_id)
        inner join owned as other on other.identifier_id in (pairs.identifier_id, pairs.other_id)
        where pairs.kind = 'apart' and one.user_id = $one and other.user_id = $other
        order by all
        """,
        {"one": one.user_id, "other": other.user_id},
    )


def met_by_both(
    connection: duckdb.DuckDBPyConnection, one: Identifier, other: Identifier
) -> list[Identifier]:
    """Return the blocked identifiers that records of both users carry."""
    met = """
        select beside.identifier_id
        from intermediate.int_users as users
        inner join intermediate.int_identity as identity using (user_key)
        inner join intermediate.int_identity_links as links using (identifier_id)
        inner join intermediate.int_identity_evidence as evidence using (identity_key)
        inner join intermediate.int_identity_links as beside using (identity_key)
        where users.user_id = ? and evidence.records > 0
    """
    return _identifiers(
        connection,
        f"blocked.identifier_id is not null and identifiers.identifier_id in ({met} intersect {met})",
        [one.user_id, other.user_id],
    )


def first_records(connection: duckdb.DuckDBPyConnection, keys: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Return source, entity, file, row and time of each set's earliest record, and how many it has."""
    return {
        key: tuple(record)
        for key, *record in connection.execute(
            """
            with given as (select distinct unnest(?::ubigint[]) as identity_key),
            records as (
                select identity_key, source, entity, _file, _row, occurred_at as seen_at, _loaded_at
                from intermediate.int_events
                union all
                select identity_key, source, entity, _file, _row, updated_at, _loaded_at
                from intermediate.int_people
            )
            select identity_key, source, entity, _file, _row, seen_at, count(*) over same_set
            from records inner join given using (identity_key)
            window same_set as (partition by identity_key)
            qualify row_number() over (same_set order by seen_at, _loaded_at, _file, _row) = 1
            """,
            [list(keys)],
        ).fetchall()
    }


def by_number(connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> dict[int, Identifier]:
    """Return the identifiers of these numbers."""
    found = _identifiers(
        connection, "identifiers.identifier_id in (select unnest(?::bigint[]))", [list(numbers)]
    )
    return {identifier.number: identifier for identifier in found}


def _named(connection: duckdb.DuckDBPyConnection, text: str) -> Iterator[list[Identifier]]:
    """Yield what ``text`` names as a user id, then by each of its readings."""
    if is_text(text):
        user = "users.user_id = ? and identifiers.identifier_id = users.user_key"
        yield _identifiers(connection, user, [text])
    value_is = (
        "coalesce(identifiers.identifier_type = ?, true)"
        " and identifiers.identifier_value in (select unnest(?::varchar[]))"
    )
    for kind, values in readings(text):
        yield _identifiers(connection, value_is, [kind, values])


def _identifiers(connection: duckdb.DuckDBPyConnection, where: str, values: list[object]) -> list[Identifier]:
    return [
        Identifier(*row)
        for row in connection.execute(
            f"""
            select
                identifiers.identifier_id, identifiers.identifier_type, identifiers.identifier_value,
                users.user_id, blocked.block_reason
            from intermediate.int_identifiers as identifiers
            left join intermediate.int_identity as identity using (identifier_id)
            left join intermediate.int_users as users on identity.user_key = users.user_key
            left join intermediate.int_blocked_identifiers as blocked using (identifier_id)
            where {where}
            order by identifiers.identifier_id
            """,
            values,
        ).fetchall()
    ]

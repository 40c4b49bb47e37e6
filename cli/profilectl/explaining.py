"""`profilectl why`: the shortest chains of records that tie identifiers together."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from profilectl import facts
from profilectl.profile import spellings
from profilectl_ml.errors import ProfilectlError

#: Identifier to the one before it on the way from the root, and the identity key (a set of identifiers that
#: records carried) in which both stand. Overrides that tie two are numbered on from the largest key, so that
#: of two ways of one length the one by records is taken.
Tree = dict[int, tuple[int, int]]
FIRST_OVERRIDE = 2**64


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


@dataclass(frozen=True)
class Step:
    """Two identifiers that one record carried: the earliest such record, and how many there are.

    Or two that only an override ties: then ``override`` is its reason, and there is no record.
    """

    identifier: str
    other: str
    source: str | None = None
    entity: str | None = None
    file: str | None = None
    row: int | None = None
    at: object = None
    records: int = 0
    override: str | None = None


def explain_link(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> dict[str, Any]:
    """Say why two identifiers are of one user, or what keeps them apart.

    Parameters
    ----------
    connection
        The working warehouse.
    one, other
        An identifier's value, ``type=value`` where the value alone could be several, or a user id, which
        stands for the identifier that named the user.

    Returns
    -------
    dict
        ``one``, ``other``, ``linked``, ``user_id``, the ``chain`` of steps from one to the other (the fewest
        there are), ``kept_apart_by``: blocked identifiers that records of both users carry, and ``overrides``
        that keep the two users apart (``one``, ``other``, ``reason``).

    Raises
    ------
    ProfilectlError
        If either names nothing, or more than one identifier.
    """
    first, last = find_identifier(connection, one), find_identifier(connection, other)
    linked = first.user_id is not None and first.user_id == last.user_id
    chain: list[Step] = []
    apart: list[Identifier] = []
    overrides: list[facts.Row] = []
    if linked:
        ties = _ties(connection, first)
        tree = shortest_paths(_links(connection, first, ties), first.number)
        chain = _steps(connection, _path(tree, first.number, last.number), ties)
    elif first.user_id and last.user_id:
        apart = _met_by_both(connection, first, last)
        overrides = _kept_apart(connection, first, last)
    return {
        "one": asdict(first),
        "other": asdict(last),
        "linked": linked,
        "user_id": first.user_id if linked else None,
        "chain": [asdict(step) for step in chain],
        "kept_apart_by": [asdict(identifier) for identifier in apart],
        "overrides": overrides,
    }


def explain_user(connection: duckdb.DuckDBPyConnection, text: str) -> dict[str, Any]:
    """Say by which record each identifier of a user came to it, starting from the one that named the user.

    Raises
    ------
    ProfilectlError
        If ``text`` names no user, or more than one.
    """
    found = find_identifier(connection, text)
    if found.user_id is None and found.block_reason is None:
        raise ProfilectlError(
            f"no record carries {found} any more: it belongs to no user",
            hint="those that did were superseded by later records",
        )
    if found.user_id is None:
        raise ProfilectlError(
            f"{found} is blocked ({found.block_reason}): it belongs to no user",
            hint="name two identifiers to see what it keeps apart: profilectl why A B",
        )
    root = find_identifier(connection, found.user_id)
    ties = _ties(connection, root)
    tree = shortest_paths(_links(connection, root, ties), root.number)
    steps = [(before, key, number) for number, (before, key) in tree.items() if number != root.number]
    return {
        "user_id": root.user_id,
        "named_by": asdict(root),
        "chain": [asdict(step) for step in _steps(connection, steps, ties)],
    }


def find_identifier(connection: duckdb.DuckDBPyConnection, text: str) -> Identifier:
    """Return the one identifier that ``text`` names.

    Raises
    ------
    ProfilectlError
        If there is none, or more than one.
    """
    if not facts.has_table(connection, "intermediate", "int_identity_links"):
        raise ProfilectlError("the warehouse has no identities yet", hint="run: profilectl build")
    before, _, after = text.partition("=")
    value_is = "identifiers.identifier_value in (select unnest(?::varchar[]))"
    named = "users.user_id = ? and identifiers.identifier_id = users.user_key"
    found = _identifiers(connection, named, [text])
    found = found or _identifiers(connection, value_is, [spellings(text)])
    if not found and after:
        found = _identifiers(
            connection,
            f"identifiers.identifier_type = ? and {value_is}",
            [before.strip().lower(), spellings(after)],
        )
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


def shortest_paths(links: Iterable[tuple[int, int]], root: int) -> Tree:
    """Return the way to every identifier with the fewest records between: a breadth-first search.

    Parameters
    ----------
    links
        Pairs of an identity key and an identifier it holds.
    root
        Where the ways start; its own entry names itself.
    """
    holds: Mapping[int, list[int]] = defaultdict(list)
    held_by: Mapping[int, list[int]] = defaultdict(list)
    for key, number in sorted(links):
        holds[key].append(number)
        held_by[number].append(key)
    tree: Tree = {root: (root, 0)}
    seen_keys: set[int] = set()
    waiting = deque([root])
    while waiting:
        number = waiting.popleft()
        for key in held_by[number]:
            # each set is unfolded once: a hub would else be walked from every spoke
            if key in seen_keys:
                continue
            seen_keys.add(key)
            for other in holds[key]:
                if other not in tree:
                    tree[other] = (number, key)
                    waiting.append(other)
    return tree


def _path(tree: Tree, root: int, end: int) -> list[tuple[int, int, int]]:
    steps = []
    while end != root:
        before, key = tree[end]
        steps.append((before, key, end))
        end = before
    return steps[::-1]


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


def _links(
    connection: duckdb.DuckDBPyConnection, identifier: Identifier, ties: list[tuple[int, int, str]]
) -> list[tuple[int, int]]:
    """Return what holds which identifier of the user: records that count, and overrides."""
    by_records = connection.execute(
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
    return by_records + [
        (FIRST_OVERRIDE + place, number) for place, (*pair, _) in enumerate(ties) for number in pair
    ]


def _ties(connection: duckdb.DuckDBPyConnection, identifier: Identifier) -> list[tuple[int, int, str]]:
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


def _kept_apart(connection: duckdb.DuckDBPyConnection, one: Identifier, other: Identifier) -> list[facts.Row]:
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


def _met_by_both(
    connection: duckdb.DuckDBPyConnection, one: Identifier, other: Identifier
) -> list[Identifier]:
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


def _steps(
    connection: duckdb.DuckDBPyConnection, path: list[tuple[int, int, int]], ties: list[tuple[int, int, str]]
) -> list[Step]:
    numbers = sorted({number for before, _, after in path for number in (before, after)})
    names = {
        identifier.number: str(identifier)
        for identifier in _identifiers(
            connection, "identifiers.identifier_id in (select unnest(?::bigint[]))", [numbers]
        )
    }
    records = {
        key: record
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
            [[key for _, key, _ in path if key < FIRST_OVERRIDE]],
        ).fetchall()
    }
    return [
        Step(names[before], names[after], *records[key])
        if key < FIRST_OVERRIDE
        else Step(names[before], names[after], override=ties[key - FIRST_OVERRIDE][2])
        for before, key, after in path
    ]

"""`profilectl why`: the shortest chains of records that tie identifiers together."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from profilectl import evidence, facts
from profilectl.evidence import Identifier, find_identifier
from profilectl_ml.errors import ProfilectlError

#: Identifier to the one before it on the way from the root, and the identity key (a set of identifiers that
#: records carried) in which both stand. Overrides that tie two are numbered on from the largest key, so that
#: of two ways of one length the one by records is taken.
Tree = dict[int, tuple[int, int]]
FIRST_OVERRIDE = 2**64


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
        tree, ties = _tree(connection, first)
        chain = _steps(connection, _path(tree, first.number, last.number), ties)
    elif first.user_id and last.user_id:
        apart = evidence.met_by_both(connection, first, last)
        overrides = evidence.kept_apart(connection, first, last)
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
    tree, ties = _tree(connection, root)
    steps = [(before, key, number) for number, (before, key) in tree.items() if number != root.number]
    return {
        "user_id": root.user_id,
        "named_by": asdict(root),
        "chain": [asdict(step) for step in _steps(connection, steps, ties)],
    }


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


def _tree(connection: duckdb.DuckDBPyConnection, root: Identifier) -> tuple[Tree, list[evidence.Tie]]:
    """Return the ways to all identifiers of the user of ``root``, and the overrides among them."""
    ties = evidence.ties(connection, root)
    by_overrides = [
        (FIRST_OVERRIDE + place, number) for place, (*pair, _) in enumerate(ties) for number in pair
    ]
    return shortest_paths(evidence.links(connection, root) + by_overrides, root.number), ties


def _path(tree: Tree, root: int, end: int) -> list[tuple[int, int, int]]:
    steps = []
    while end != root:
        before, key = tree[end]
        steps.append((before, key, end))
        end = before
    return steps[::-1]


def _steps(
    connection: duckdb.DuckDBPyConnection, path: list[tuple[int, int, int]], ties: list[evidence.Tie]
) -> list[Step]:
    numbers = sorted({number for before, _, after in path for number in (before, after)})
    names = {number: str(one) for number, one in evidence.by_number(connection, numbers).items()}
    records = evidence.first_records(connection, [key for _, key, _ in path if key < FIRST_OVERRIDE])
    return [
        Step(names[before], names[after], *records[key])
        if key < FIRST_OVERRIDE
        else Step(names[before], names[after], override=ties[key - FIRST_OVERRIDE][2])
        for before, key, after in path
    ]

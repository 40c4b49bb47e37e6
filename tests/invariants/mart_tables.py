"""The marts of a warehouse as rows, and what differs between those of two, told so that a person sees why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from dbt_home import Built, Home

#: Recorded history: what a warehouse said in earlier builds. No rebuild can tell it from the raw rows alone.
RECORDED = {"identity_changes", "user_features_history", "user_profile_history", "user_scores_history"}
#: In strict mode features read who was thought to be who at each cutoff, which is recorded history too.
RECORDED_IF_STRICT = {"training_examples", "user_features", "user_features_scaled", "user_profile"}
#: When a build recorded something: no other build can say the same.
TIMES = {"recorded_at"}
RECORDED_COLUMNS = {"identity_map": {"known_from", "known_to", "is_current"}}
#: The number of the build that wrote a row.
STAMP = "changed_in"

Identifier = tuple[str, str]
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """Rows of a mart, in a fixed order."""

    columns: list[str]
    rows: list[Values]

    def without(self, dropped: Iterable[str]) -> Table:
        """The same without some columns."""
        gone = set(dropped)
        kept = [place for place, name in enumerate(self.columns) if name not in gone]
        rows = [tuple(row[place] for place in kept) for row in self.rows]
        return Table([self.columns[place] for place in kept], rows)

    def where(self, column: str, value: object) -> Table:
        """The rows in which ``column`` is ``value``; all of them where there is no such column."""
        if column not in self.columns:
            return self
        place = self.columns.index(column)
        return Table(self.columns, [row for row in self.rows if row[place] == value])


Marts = dict[str, Table]


def marts_of(built: Built) -> Marts:
    """Every table and view of the marts."""
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
        found = {}
        for (name,) in names:
            rows = connection.execute(f'select * from marts."{name}" order by all')
            found[name] = Table([column[0] for column in rows.description], rows.fetchall())
    return found


def derived(marts: Mapping[str, Table], strict: bool = False) -> Marts:
    """What follows from the raw rows alone, without the history that was recorded on the way."""
    recorded = RECORDED | (RECORDED_IF_STRICT if strict else set())
    return {
        name: table.where("known_to", None).without(RECORDED_COLUMNS.get(name, set()) | {STAMP})
        for name, table in marts.items()
        if name not in recorded
    }


def untimed(marts: Mapping[str, Table]) -> Marts:
    """All of it but the times and numbers of the builds that wrote it."""
    return {name: table.without({*TIMES, STAMP}) for name, table in marts.items()}


def differences(left: Mapping[str, Table], right: Mapping[str, Table], most: int = 3) -> str:
    """What ``right`` has otherwise than ``left``: nothing, or for each mart the first rows and columns."""
    told = [f"only one side has {name}" for name in sorted(left.keys() ^ right.keys())]
    for name in sorted(left.keys() & right.keys()):
        one, other = left[name], right[name]
        if one.columns != other.columns:
            told.append(f"marts.{name}: columns {one.columns} and {other.columns}")
            continue
        missing = list((Counter(one.rows) - Counter(other.rows)).elements())
        surplus = list((Counter(other.rows) - Counter(one.rows)).elements())
        if missing or surplus:
            told.append(
                f"marts.{name}: {len(one.rows)} and {len(other.rows)} rows, "
                f"{len(missing)} only on the left, {len(surplus)} only on the right"
            )
            told += [f"    {pair}" for pair in _pairs(one.columns, missing, surplus)[:most]]
    return "\n".join(told)


def _pairs(columns: list[str], missing: list[Values], surplus: list[Values]) -> list[str]:
    """Each row of one side against the row of the other that is most alike."""
    free, told = list(surplus), []
    for row in missing:
        alike = max(free, key=lambda other: _likeness(row, other), default=None)
        if alike is None or _likeness(row, alike) < (0, len(columns) // 2):
            told.append(f"only on the left: {_named(columns, row)}")
            continue
        free.remove(alike)
        changed = {name: f"{a!r} | {b!r}" for name, a, b in zip(columns, row, alike, strict=True) if a != b}
        told.append(f"{_named(columns[:3], row)} differs in {changed}")
    return told + [f"only on the right: {_named(columns, row)}" for row in free]


def _likeness(row: Values, other: Values) -> tuple[bool, int]:
    return row[0] == other[0], sum(a == b for a, b in zip(row, other, strict=True))


def _named(columns: list[str], row: Values) -> dict[str, Any]:
    return {name: value for name, value in zip(columns, row, strict=False) if value is not None}


def users_of(built: Built) -> dict[Identifier, str | None]:
    """User of every identifier as the map has it now; None for one that links nobody."""
    table = marts_of_one(built, "identity_map").where("known_to", None)
    places = [table.columns.index(name) for name in ("identifier_type", "identifier_value", "user_id")]
    found: dict[Identifier, str | None] = {}
    for row in table.rows:
        kind, value, user = (row[place] for place in places)
        assert (kind, value) not in found, f"{kind}={value} is in the map twice"
        found[kind, value] = user
    return found


def marts_of_one(built: Built, name: str) -> Table:
    """One mart."""
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        rows = connection.execute(f'select * from marts."{name}" order by all')
        return Table([column[0] for column in rows.description], rows.fetchall())


def partition(users: Mapping[Identifier, str | None]) -> set[frozenset[Identifier]]:
    """The identifiers that belong together, whatever the user is called; those of nobody are a set too."""
    members: dict[str | None, set[Identifier]] = {}
    for identifier, user in users.items():
        members.setdefault(user, set()).add(identifier)
    return {frozenset(ones) for ones in members.values()}


def copy_raw(source: Home, target: Home) -> None:
    """Give ``target`` the raw rows of ``source``, its overrides and its landing folder, and nothing else.

    In another order: what was delivered counts, not where the rows happen to lie.
    """
    with duckdb.connect(str(target.warehouse)) as connection:
        connection.execute(f"attach '{source.warehouse}' as first (read_only)")
        connection.execute("create schema raw")
        names = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'first' and schema_name = 'raw'"
        ).fetchall()
        for (name,) in names:
            connection.execute(f'create table raw."{name}" as from first.raw."{name}" as t order by hash(t)')
        connection.execute("create schema seeds")
        seed = "seeds.identity_overrides"
        connection.execute(f"create table {seed} as from first.{seed} as t order by hash(t)")
    target.landing = source.landing

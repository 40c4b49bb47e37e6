"""Which tables of a published version are exported, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from profilectl.facts import columns, count, has_table, rows
from profilectl.publication.contents import PARTS
from profilectl_ml.errors import ProfilectlError


@dataclass(frozen=True)
class Table:
    """One table: schema, name, number of rows, and its columns with their DuckDB types, in order."""

    schema: str
    name: str
    rows: int
    columns: dict[str, str]

    @property
    def full_name(self) -> str:
        """``schema.name``, as people write it."""
        return f"{self.schema}.{self.name}"


def chosen(connection: duckdb.DuckDBPyConnection, wanted: Sequence[str]) -> list[Table]:
    """Return the tables called ``wanted``, in that order and each once.

    Where none is named, all of them but those that only the published views read.

    Parameters
    ----------
    connection
        An open published version.
    wanted
        ``schema.table``, or ``schema.*`` for every table of a schema.

    Raises
    ------
    ProfilectlError
        If a name fits no table of the version.
    """
    there = rows(
        connection,
        "select table_schema as schema, table_name as name from information_schema.tables "
        "where table_catalog = current_database() order by 1, 2",
    )
    known = {f"{row['schema']}.{row['name']}": (row["schema"], row["name"]) for row in there}
    names: dict[str, None] = {}
    for one in wanted or [name for name, (of, _) in known.items() if of != PARTS]:
        schema, _, table = one.partition(".")
        found = [name for name, (of, _) in known.items() if of == schema] if table == "*" else [one]
        if not found or found[0] not in known:
            raise ProfilectlError(
                f"this version has no table {one}", hint=f"name some of: {', '.join(known)}; or marts.*"
            )
        names.update(dict.fromkeys(found))
    return [
        Table(*known[name], count(connection, *known[name]), columns(connection, *known[name]))
        for name in names
    ]


def about(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """Return what a version says of itself: ``version``, ``published_at`` (UTC) and ``as_of``, as text."""
    [found] = rows(
        connection,
        "select version, published_at::varchar as published_at, as_of::varchar as as_of "
        "from meta.publication",
    )
    return found


def dictionary(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], dict[str, str | None]]:
    """Return description and unit of each (schema, table, column); empty without ``meta.columns``."""
    if not has_table(connection, "meta", "columns"):
        return {}
    found = rows(
        connection,
        'select schema_name, table_name, column_name, description, unit from meta."columns"',
    )
    return {
        (row["schema_name"], row["table_name"], row["column_name"]): {
            name: row[name] for name in ("description", "unit")
        }
        for row in found
    }

"""Both versions in one connection, read-only, and what either of them has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from profilectl.facts import Row, rows
from profilectl.project import Paths
from profilectl.warehouse import friendly_errors, in_memory
from profilectl_ml.sql import quote_identifier, quote_literal

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Sides:
    """A connection that has the older version as catalogue ``before`` and the newer one as ``after``."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str, values: list[object] | None = None) -> list[Row]:
        """Return the rows of ``sql`` as dictionaries."""
        return rows(self.connection, sql, values or [])

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return the columns that ``table`` has in both versions; empty where one lacks it.

        Each with its type; text where it is text in either.
        """
        found = self.rows(
            "select b.column_name as name, if(a.data_type = 'VARCHAR', a.data_type, b.data_type) as kind "
            "from information_schema.columns b "
            "join information_schema.columns a using (table_schema, table_name, column_name) "
            "where b.table_catalog = 'before' and a.table_catalog = 'after' "
            "and table_schema = ? and table_name = ? order by b.ordinal_position",
            [schema, table],
        )
        return {row["name"]: row["kind"] for row in found}

    def have(self, schema: str, table: str, *columns: str) -> bool:
        """Return whether both versions have ``table`` with all these columns."""
        there = self.columns(schema, table)
        return bool(there) and all(column in there for column in columns)


@contextmanager
def opened(paths: Paths, before: Path, after: Path) -> Iterator[Sides]:
    """Attach both files to a database in memory, which spills under the home's limits."""
    with in_memory(paths, before) as connection:
        # Results are counts and short lists: their order comes from the statements themselves.
        connection.execute("set preserve_insertion_order = false")
        for name, file in ((BEFORE, before), (AFTER, after)):
            with friendly_errors(file):
                connection.execute(
                    f"attach {quote_literal(str(file))} as {quote_identifier(name)} (read_only)"
                )
        yield Sides(connection)

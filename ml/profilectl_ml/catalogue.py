"""What the database that a connection uses has."""

from __future__ import annotations

import duckdb


def has_table(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> bool:
    """Return whether a table or view of that name can be read."""
    found = connection.execute(
        "select count(*) from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchall()
    return bool(found[0][0])

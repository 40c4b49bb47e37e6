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


def reporting_timezone(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the zone whose days the marts count in, as the last build noted it; UTC where none did."""
    noted = connection.execute(
        "select count(*) from information_schema.columns where table_catalog = current_database()"
        " and table_schema = 'ops' and table_name = 'builds' and column_name = 'reporting_timezone'"
    ).fetchall()[0][0]
    if not noted:
        return "UTC"
    found = connection.execute("select max_by(reporting_timezone, build_id) from ops.builds").fetchall()
    return str(found[0][0] or "UTC")

"""The dictionary of the published file: what each table and column says, in which unit.

It comes from dbt's manifest, so that the YAML beside each model stays the only place where it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from profilectl_ml.sql import quote_identifier, quote_literal, quote_relation

# Descriptions end in their unit, as in "Spend in the last 28 days [currency]".
_UNIT = re.compile(r"\[([^\[\]]+)\]\.?\s*$")
_SCHEMAS = ("marts", "ml")
# Units that follow from the type, where the description names none: instants are UTC in every mart.
_OF_TYPE = {"TIMESTAMP": "UTC", "DATE": "day", "BOOLEAN": "true or false"}
# Columns, and each table or view with a row of its own before them: what it is, and what is said of it.
_THERE = """
    select schema_name, table_name, column_name, column_index, data_type, 'column', comment
    from duckdb_columns() where database_name = $catalog and list_contains($schemas, schema_name)
    union all
    select schema_name, table_name, null, 0, null, 'table', comment
    from duckdb_tables() where database_name = $catalog and list_contains($schemas, schema_name)
    union all
    select schema_name, view_name, null, 0, null, 'view', comment
    from duckdb_views() where database_name = $catalog and list_contains($schemas, schema_name)
    order by 1, 2, 4
"""


@dataclass(frozen=True)
class Entry:
    """One line of the dictionary; a line about a whole table has no column."""

    schema: str
    table: str
    column: str | None
    description: str
    unit: str | None


def entries(manifest: Mapping[str, Any]) -> list[Entry]:
    """Return what dbt's manifest says of marts and ml tables: of each table, then of its columns in order.

    Parameters
    ----------
    manifest
        dbt's ``manifest.json``, as `profilectl.dbt_runner.load_manifest` returns it.

    Returns
    -------
    list of Entry
        In order of schema and table; a unit is what ``meta.unit`` says, else what stands in brackets at
        the end of the description.

    Examples
    --------
    >>> node = {"schema": "marts", "name": "m", "description": "One row per user.", "resource_type": "model",
    ...         "columns": {"n": {"name": "n", "description": "Baskets [count]."}}}
    >>> [(entry.column, entry.unit) for entry in entries({"nodes": {"model.p.m": node}})]
    [(None, None), ('n', 'count')]
    """
    nodes = [node for node in manifest.get("nodes", {}).values() if node["resource_type"] == "model"]
    found: list[Entry] = []
    for node in sorted((*nodes, *manifest.get("sources", {}).values()), key=_place):
        schema, table = _place(node)
        if schema in _SCHEMAS:
            found.append(Entry(schema, table, None, _text(node["description"]), None))
            found += [_column(schema, table, column) for column in node["columns"].values()]
    return found


def write(connection: duckdb.DuckDBPyConnection, catalog: str, dictionary: Iterable[Entry]) -> int:
    """Write ``meta.columns`` and comments on tables and columns into the published file ``catalog``.

    ``meta."columns"`` (schema_name, table_name, column_name, ordinal, type, description, unit) has a row for
    every column of marts and ml, and one with column_name null for every table; what the dictionary does not
    say is null. Drivers show the comments (as REMARKS in JDBC) where they list columns.

    Parameters
    ----------
    connection
        A connection that may write to ``catalog``, which has a schema ``meta``.
    catalog
        The name under which the file is attached.
    dictionary
        What `entries` returned; lines about tables or columns that the file does not have are left out.

    Returns
    -------
    int
        The rows of ``meta."columns"`` that have a description.
    """
    said = {(entry.schema, entry.table, entry.column): entry for entry in dictionary}
    there = connection.execute(_THERE, {"catalog": catalog, "schemas": list(_SCHEMAS)}).fetchall()
    rows, comments = [], []
    for schema, table, column, ordinal, kind, what, comment in there:
        entry = said.get((schema, table, column))
        text = entry.description or None if entry else None
        unit = (entry.unit if entry else None) or _OF_TYPE.get(kind)
        rows.append((schema, table, column, ordinal, kind, text, unit))
        if text != comment:  # a table taken over from the version before has its comments
            comments.append(_comment(catalog, what, schema, table, column, text))
    # One transaction: a commit for each comment would take seconds.
    connection.begin()
    try:
        _write_table(connection, quote_relation(catalog, "meta", "columns"), rows)
        for comment in comments:
            connection.execute(comment)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return sum(row[5] is not None for row in rows)


def _write_table(connection: duckdb.DuckDBPyConnection, target: str, rows: list[tuple[Any, ...]]) -> None:
    connection.execute(
        f"create or replace table {target}(schema_name varchar, table_name varchar, column_name varchar, "
        "ordinal integer, type varchar, description varchar, unit varchar)"
    )
    columns = [list(values) for values in zip(*rows, strict=True)] or [[]] * 7
    connection.execute(f"insert into {target} select {', '.join(['unnest(?)'] * 7)}", columns)


def _comment(catalog: str, what: str, schema: str, table: str, column: str | None, text: str | None) -> str:
    # `comment on` binds nothing.
    relation = quote_relation(catalog, schema, table)
    on = f"{what} {relation}" if column is None else f"column {relation}.{quote_identifier(column)}"
    return f"comment on {on} is {'null' if text is None else quote_literal(text)}"


def _place(node: Mapping[str, Any]) -> tuple[str, str]:
    return str(node["schema"]), str(node.get("alias") or node.get("identifier") or node["name"])


def _column(schema: str, table: str, column: Mapping[str, Any]) -> Entry:
    text = _text(column.get("description", ""))
    meta = {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}
    bracketed = _UNIT.search(text)
    unit = meta.get("unit") or (bracketed[1] if bracketed else None)
    return Entry(schema, table, str(column["name"]), text, unit)


def _text(description: str) -> str:
    return " ".join(description.split())

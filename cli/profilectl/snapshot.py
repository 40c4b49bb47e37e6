"""What a published file holds, and the check that a copy is complete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from profilectl.project import Paths
from profilectl.warehouse import attached, open_file
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_identifier, quote_literal, quote_relation

# Never models, artefacts, raw rows or the identity ledger. An artefact can hold values of single people (the
# leaf of a tree); what is said of a model here is sums over at least 30 of them, and its settings.
ML_TABLES = (
    "scores", "score_reasons", "runs", "metrics", "feature_importance", "test_predictions", "segments",
    "segment_profiles", "recommendations", "feature_report", "reliability", "slices", "promotions",
)  # fmt: skip
TARGET = "published_copy"


def copy_marts(paths: Paths, target: Path, version: str, moment: datetime) -> dict[str, int]:
    """Copy every mart (views as tables) and the ml tables for BI into the new file ``target``.

    Returns
    -------
    dict
        Rows of each ``schema.table``, counted in the warehouse.
    """
    with attached(paths) as (connection, source):
        relations = _relations(connection, source)
        # The oldest storage version: the drivers of today's BI tools read it.
        connection.execute(
            f"attach {quote_literal(str(target))} as {quote_identifier(TARGET)} (storage_version 'v1.0.0')"
        )
        counts = {f"{schema}.{name}": _copy(connection, source, schema, name) for schema, name in relations}
        _describe(connection, source, version, moment, counts)
        connection.execute(f"checkpoint {quote_identifier(TARGET)}")
        connection.execute(f"detach {quote_identifier(TARGET)}")
    return counts


def verify(paths: Paths, file: Path, counts: dict[str, int]) -> None:
    """Open ``file`` afresh and check that each table holds the rows that were counted at the source."""
    with open_file(paths, file, read_only=True) as connection:
        for name, expected in counts.items():
            relation = quote_relation(*name.split(".", 1))
            found = _one(connection, f"select count(*) from {relation}")
            if found != expected:
                raise ProfilectlError(
                    f"the copy of {name} holds {found} rows, the warehouse {expected}: not published",
                    hint="check the disk and run: profilectl publish",
                )


def _relations(connection: duckdb.DuckDBPyConnection, source: str) -> list[tuple[str, str]]:
    found = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = ? and (table_schema = 'marts' or (table_schema = 'ml' and "
        "table_name in (select unnest(?)))) order by 1, 2",
        [source, list(ML_TABLES)],
    ).fetchall()
    if not any(schema == "marts" for schema, _ in found):
        raise ProfilectlError("the warehouse has no marts to publish", hint="run: profilectl build")
    return [(schema, name) for schema, name in found if not name.endswith(("__dbt_tmp", "__dbt_backup"))]


def _copy(connection: duckdb.DuckDBPyConnection, source: str, schema: str, name: str) -> int:
    original = quote_relation(source, schema, name)
    connection.execute(f"create schema if not exists {quote_relation(TARGET, schema)}")
    try:
        connection.execute(f"create table {quote_relation(TARGET, schema, name)} as select * from {original}")
        return _one(connection, f"select count(*) from {original}")
    except duckdb.Error as error:
        raise ProfilectlError(
            f"{schema}.{name} cannot be copied: {str(error).splitlines()[0]}",
            hint="if a view is out of date: profilectl build; if the disk is full: free some space",
        ) from error


def _describe(
    connection: duckdb.DuckDBPyConnection, source: str, version: str, moment: datetime, counts: dict[str, int]
) -> None:
    """Write ``meta.publication`` (one row), ``meta.tables`` and ``meta.models`` into the copy."""
    connection.execute(f"use {quote_identifier(TARGET)}")
    connection.execute("create schema meta")
    has_features = "marts.user_features" in counts
    as_of = (
        connection.execute("select max(as_of) from marts.user_features").fetchone() if has_features else None
    )
    totals = (
        connection.execute(
            "select sum(landed), sum(shaped), sum(quarantined), sum(duplicates) from marts.data_quality"
        ).fetchone()
        if "marts.data_quality" in counts
        else None
    ) or (None, None, None, None)
    connection.execute(
        "create table meta.publication as select ?::varchar as version, ?::timestamp as published_at, "
        "?::date as as_of, ?::bigint as users, ?::bigint as landed, ?::bigint as shaped, "
        "?::bigint as quarantined, ?::bigint as duplicates",
        [
            version,
            moment.replace(tzinfo=None),
            as_of[0] if as_of else None,
            counts.get("marts.dim_users"),
            *totals,
        ],
    )
    connection.execute(
        'create table meta."tables"(table_name varchar, row_count bigint)',
    )
    connection.executemany('insert into meta."tables" values (?, ?)', [list(item) for item in counts.items()])
    if _exists(connection, source, "ml", "models"):
        # Which model made which score; the artefacts themselves stay in the warehouse.
        connection.execute(
            "create table meta.models as select model_id, run_id, task, kind, candidate, created_at, serving "
            f"from {quote_relation(source, 'ml', 'models')}"
        )
    connection.execute("use memory")


def _exists(connection: duckdb.DuckDBPyConnection, catalog: str, schema: str, name: str) -> bool:
    return bool(
        _one(
            connection,
            "select count(*) from information_schema.tables "
            "where table_catalog = ? and table_schema = ? and table_name = ?",
            [catalog, schema, name],
        )
    )


def _one(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()) -> int:
    row = connection.execute(sql, list(values)).fetchone()
    return int(row[0]) if row else 0

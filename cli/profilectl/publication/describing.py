"""Schema ``meta`` of a published file: which version it is, what is in it, and how the updates went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import duckdb

from profilectl.publication.copying import Written
from profilectl_ml.sql import quote_relation

_LAST_RUNS = 1000
_LAST_FILES = 10_000


def describe(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    version: str,
    moment: datetime,
    written: Mapping[str, Written],
    storage_version: str,
    file_format: int,
) -> None:
    """Write ``meta``: ``publication`` (one row), ``tables``, ``models``, ``runs``, ``freshness``.

    The connection uses the file to describe; ``source`` is the name of the warehouse.
    """
    connection.execute("create schema meta")
    _publication(connection, source, version, moment, written, storage_version, file_format)
    _tables(connection, written)
    _models(connection, source)
    _runs(connection, source)


def _publication(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    version: str,
    moment: datetime,
    written: Mapping[str, Written],
    storage_version: str,
    file_format: int,
) -> None:
    as_of, totals = None, (None, None, None, None)
    if "marts.user_features" in written:
        as_of = connection.execute("select max(as_of) from marts.user_features").fetchall()[0][0]
    if "marts.data_quality" in written:
        totals = connection.execute(
            "select sum(landed), sum(shaped), sum(quarantined), sum(duplicates) from marts.data_quality"
        ).fetchall()[0]
    users = written["marts.dim_users"].rows if "marts.dim_users" in written else None
    connection.execute(
        "create table meta.publication as select ?::varchar as version, ?::timestamp as published_at, "
        "?::date as as_of, ?::bigint as users, ?::bigint as landed, ?::bigint as shaped, "
        "?::bigint as quarantined, ?::bigint as duplicates, ?::integer as format, "
        "?::varchar as storage_version, ?::varchar as last_build",
        [
            *(version, moment.replace(tzinfo=None), as_of, users, *totals, file_format, storage_version),
            _last_build(connection, source),
        ],
    )


def _last_build(connection: duckdb.DuckDBPyConnection, source: str) -> str | None:
    """Return what tells the newest build from all others; in a restored warehouse its number comes again."""
    if not _exists(connection, source, "ops", "builds"):
        return None
    builds = quote_relation(source, "ops", "builds")
    [(found,)] = connection.execute(f"select max_by(invocation_id, build_id) from {builds}").fetchall()
    return None if found is None else str(found)


def knows(connection: duckdb.DuckDBPyConnection, source: str, build: str | None) -> bool:
    """Whether the last build of a version was made in this warehouse; one that was restored may lack it."""
    if build is None or not _exists(connection, source, "ops", "builds"):
        return build is None
    builds = quote_relation(source, "ops", "builds")
    return bool(connection.execute(f"select 1 from {builds} where invocation_id = ?", [build]).fetchall())


def _tables(connection: duckdb.DuckDBPyConnection, written: Mapping[str, Written]) -> None:
    connection.execute(
        'create table meta."tables"(table_name varchar, row_count bigint, through varchar, epoch varchar,'
        " replaced bigint)"
    )
    if written:
        connection.executemany(
            'insert into meta."tables" values (?, ?, ?, ?, ?)',
            [[name, one.rows, one.through, one.epoch, one.replaced] for name, one in written.items()],
        )


def _models(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Which model made which score; the artefacts themselves stay in the warehouse."""
    columns = "model_id, run_id, task, kind, candidate, created_at, serving"
    if _exists(connection, source, "ml", "models"):
        connection.execute(
            f"create table meta.models as select {columns} from {quote_relation(source, 'ml', 'models')}"
        )


def _runs(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    for name, order, last in (("runs", "run_id", _LAST_RUNS), ("freshness", "published_at", _LAST_FILES)):
        if _exists(connection, source, "ops", name):
            connection.execute(
                f"create table meta.{name} as select * from {quote_relation(source, 'ops', name)}"
                f" order by {order} desc limit {last}"
            )


def _exists(connection: duckdb.DuckDBPyConnection, catalog: str, schema: str, name: str) -> bool:
    found = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_catalog = ? and table_schema = ? and table_name = ?",
        [catalog, schema, name],
    ).fetchall()
    return bool(found[0][0])

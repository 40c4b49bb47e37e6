"""Facts about a warehouse or a published file that several commands show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from profilectl.landing.discover import name_in_ledger, walk
from profilectl_ml.catalogue import has_table as has_table
from profilectl_ml.sql import quote_relation

Row = dict[str, Any]
#: The test of the dbt project that fails while a file that was refused lies there.
REFUSED = "assert_no_file_refused"
_FILES_NAMED = 20
_OUTCOME = ("run_id", "task", "created_at", "chosen", "baseline", "promoted", "reason")
_EFFORT = ("test_cutoff", "n_train", "n_test", "seconds")


@dataclass(frozen=True)
class SetAside:
    """How many rows of how many files are in quarantine.

    ``worst`` has a few of the files, those with most such rows first: ``file``, ``rows``, and ``reasons``,
    which gives the rows of each reason.
    """

    rows: int = 0
    files: int = 0
    worst: list[Row] = field(default_factory=list)


def rows(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] | Mapping[str, object] = ()
) -> list[Row]:
    """Run ``sql`` with bound ``values`` and return its rows as dictionaries."""
    cursor = connection.execute(sql, dict(values) if isinstance(values, Mapping) else list(values))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def columns(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> dict[str, str]:
    """Return the columns of a table and their types, in order; empty where there is no such table."""
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? "
        "order by column_index",
        [schema, name],
    ).fetchall()
    return {str(column): str(kind) for column, kind in found}


def sources(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return landed, shaped, quarantined and duplicate rows per source entity."""
    if not has_table(connection, "marts", "data_quality"):
        return []
    return rows(
        connection,
        "select source, entity, sum(landed)::bigint as landed, sum(shaped)::bigint as shaped, "
        "sum(quarantined)::bigint as quarantined, sum(duplicates)::bigint as duplicates "
        "from marts.data_quality group by source, entity order by source, entity",
    )


def refused(connection: duckdb.DuckDBPyConnection, landing: Path, since: int) -> list[Row]:
    """Return the files in ``landing`` that were not taken: those that a person has to mend are ``is_fatal``.

    Empty files, which are not, concern only the run that found them: they are of batches after ``since``.
    """
    if not has_table(connection, "ops", "landing_files"):
        return []
    found = rows(
        connection,
        "select source, entity, file, reason, detail, is_fatal from ops.landing_files "
        "where status = 'rejected' and is_current and (is_fatal or batch_id > ?) order by file",
        [since],
    )
    # One that was taken away since is not looked for by dbt until something lands.
    present = {name_in_ledger(path, landing) for path in walk(landing)} if found else set()
    return [row for row in found if row["file"] in present]


def set_aside(connection: duckdb.DuckDBPyConnection, since: int) -> SetAside:
    """Return what was set aside of the rows of batches after ``since``; files refused whole do not count."""
    if not has_table(connection, "marts", "quarantined_rows"):
        return SetAside()
    found = rows(
        connection,
        "with reasons as (select file, coalesce(reason, '') as reason, count(*)::bigint as n "
        "from marts.quarantined_rows where batch_id > ? and row_number is not null group by all) "
        "select file, sum(n)::bigint as rows, map(list(reason order by n desc, reason), "
        "list(n order by n desc, reason)) as reasons, count(*) over () as files, "
        "sum(sum(n)) over ()::bigint as total from reasons group by file order by rows desc, file limit ?",
        [since, _FILES_NAMED],
    )
    if not found:
        return SetAside()
    worst = [{name: row[name] for name in ("file", "rows", "reasons")} for row in found]
    return SetAside(found[0]["total"], found[0]["files"], worst)


def total(quality: Sequence[Row]) -> dict[str, int]:
    """Add up the counts of ``sources``."""
    names = ("landed", "shaped", "quarantined", "duplicates")
    return {name: sum(row[name] or 0 for row in quality) for name in names}


def count(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> int:
    """Return the rows of a table, nought where there is none of that name."""
    if not has_table(connection, schema, name):
        return 0
    return int(rows(connection, f"select count(*) as n from {quote_relation(schema, name)}")[0]["n"])


def as_of(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the day the features stand for, as ISO text."""
    if not has_table(connection, "marts", "user_features"):
        return None
    found = rows(connection, "select max(as_of)::varchar as day from marts.user_features")[0]["day"]
    return str(found) if found else None


def models(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return for every task the run whose model serves (the latest where none does yet), with its metrics.

    A task whose model was retired is left out.

    Each has the chosen candidate's metrics on the test rows (or whatever else it was judged on), those of the
    baseline beside them where there is one, and under ``serving`` the candidate that serves.
    """
    if not has_table(connection, "ml", "runs"):
        return []
    serving = _serving(connection)
    runs = rows(
        connection,
        f"select * from ml.runs where {_not_retired(connection)} "
        "qualify row_number() over (partition by task "
        "order by coalesce(list_contains(?, run_id), false) desc, created_at desc, run_id desc) = 1 "
        "order by task",
        [list(serving)],
    )
    return [_with_metrics(connection, run, serving.get(run["run_id"])) for run in runs]


def model_table(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the list of models: the registry, or the summary of it that a published file carries."""
    return next((f"{s}.models" for s in ("ml", "meta") if has_table(connection, s, "models")), None)


def _serving(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    listed = model_table(connection)
    if listed is None:
        return {}
    found = rows(connection, f"select run_id, candidate from {listed} where serving")
    return {row["run_id"]: row["candidate"] for row in found}


def _not_retired(connection: duckdb.DuckDBPyConnection) -> str:
    if not has_table(connection, "ml", "promotions"):
        return "true"
    last = "select task from ml.promotions group by task having arg_max(event, promoted_at) = 'retired'"
    return f"task not in ({last})"


def _with_metrics(connection: duckdb.DuckDBPyConnection, run: Row, serving: str | None) -> Row:
    # Warehouses of earlier versions have no kind and no details.
    details = json.loads(run.get("details") or "{}")
    baseline = run["baseline"]
    shown = {name: run[name] for name in (*_OUTCOME, *_EFFORT)}
    found = rows(
        connection,
        "select split, candidate, metric, value, low, high from ml.metrics "
        "where run_id = ? and (candidate = ? or candidate = ?) order by metric",
        [run["run_id"], run["chosen"], baseline],
    )
    splits = {row["split"] for row in found}
    split = "test" if "test" in splits else min(splits, default=None)
    judged = [row for row in found if row["split"] == split]
    naive = {row["metric"]: row["value"] for row in judged if row["candidate"] == baseline}
    metrics = {
        row["metric"]: {
            **{name: row[name] for name in ("value", "low", "high")},
            "baseline": naive.get(row["metric"]),
        }
        for row in judged
        if row["candidate"] == run["chosen"]
    }
    kept = run["chosen"] if run["promoted"] or not baseline else baseline
    return {
        **shown,
        "kind": run.get("kind") or "regression",
        "serving": serving or kept,
        "sample": details.get("sample"),
        "left_out": details.get("left_out", {}),
        "metrics": metrics,
    }

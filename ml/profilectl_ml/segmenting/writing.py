"""Writing segments: run, model, everyone's segment and the profiles, together or not at all."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profilectl_ml.evaluation import Metric
from profilectl_ml.segmenting.naming import Profile
from profilectl_ml.segmenting.reading import Everyone


def earlier_segments(
    connection: duckdb.DuckDBPyConnection, task: str, users: pa.ChunkedArray
) -> tuple[NDArray[np.object_], set[str]]:
    """Return each user's present segment (None without one), and every name the task ever gave."""
    if not _known(connection):
        return np.full(len(users), None, dtype=object), set()
    pairs = connection.execute("select user_id, segment from ml.segments where task = ?", [task]).fetchall()
    found = dict(pairs)
    names = connection.execute(
        "select distinct segment from ml.segment_profiles where task = ?", [task]
    ).fetchall()
    before = np.array([found.get(user) for user in users.to_pylist()], dtype=object)
    return before, {str(name) for (name,) in names}


def write_segments(
    connection: duckdb.DuckDBPyConnection,
    task: str,
    model_id: str,
    everyone: Everyone,
    names: NDArray[np.object_],
    distances: NDArray[np.float64],
    at: datetime,
) -> None:
    """Replace everyone's segment. Call inside a transaction.

    Parameters
    ----------
    names, distances
        Of each user's segment, and how far the user is from its centre; shape ``(users,)``.
    """
    table = pa.table(
        {
            "user_id": everyone.users,
            "segment": pa.array(names, type=pa.string()),
            "distance": pa.array(distances),
        }
    )
    connection.execute("delete from ml.segments where task = ?", [task])
    connection.register("new_segments", table)
    try:
        connection.execute(
            "insert into ml.segments (user_id, task, segment, distance, model_id, assigned_at, as_of)"
            " select user_id, ?, segment, distance, ?, ?, ? from new_segments order by user_id",
            [task, model_id, at, everyone.as_of],
        )
    finally:
        connection.unregister("new_segments")


def write_profiles(
    connection: duckdb.DuckDBPyConnection, task: str, model_id: str, found: list[Profile]
) -> None:
    """Add a model's profiles; those of earlier models stay, so that no name is given twice."""
    connection.executemany(
        "insert into ml.segment_profiles"
        " (task, segment, description, users, share, value, details, model_id)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [task, p.name, p.description, p.users, p.share, p.value, json.dumps(_details(p)), model_id]
            for p in found
        ],
    )


def write_metrics(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    task: str,
    split: str,
    figures: dict[str, dict[str, Metric]],
) -> None:
    """Store metrics by candidate and name."""
    connection.executemany(
        "insert into ml.metrics (run_id, task, candidate, split, metric, value, low, high)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [run_id, task, candidate, split, name, metric.value, metric.low, metric.high]
            for candidate, found in figures.items()
            for name, metric in found.items()
        ],
    )


def _known(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select count(*) from information_schema.tables where table_catalog = current_database()"
        " and table_schema = 'ml' and table_name in ('segments', 'segment_profiles')"
    ).fetchall()
    return bool(found[0][0] == 2)


def _details(profile: Profile) -> dict[str, Any]:
    return {
        "value_share": profile.value_share,
        "traits": [
            {"feature": name, "apart": apart, "mean": mean, "overall": overall}
            for name, apart, mean, overall in profile.traits
        ],
    }

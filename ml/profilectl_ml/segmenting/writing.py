"""Writing segments: everyone's segment, the profiles and the metrics. All inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import duckdb

from profilectl_ml.catalogue import has_table
from profilectl_ml.gone import delete_gone
from profilectl_ml.segmenting.naming import Profile
from profilectl_ml.watermarks import later_than

ASSIGNED = '"temp"."main"."new_segments"'


@contextmanager
def assigned(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[str]:
    """Keep the result of a query of ``user_id, as_of, segment, distance`` for as long as it is needed."""
    connection.execute(f"create or replace temp table new_segments as {query}")
    try:
        yield ASSIGNED
    finally:
        connection.execute(f"drop table if exists {ASSIGNED}")


def earlier_names(connection: duckdb.DuckDBPyConnection, task: str) -> set[str]:
    """Return every name that a segment of the task ever had."""
    if not _known(connection):
        return set()
    found = connection.execute(
        "select distinct segment from ml.segment_profiles where task = $1"
        " union select distinct segment from ml.segments where task = $1",
        [task],
    ).fetchall()
    return {str(name) for (name,) in found if name is not None}


def shared_users(connection: duckdb.DuckDBPyConnection, task: str, table: str) -> dict[tuple[int, str], int]:
    """Return how many users each number of ``table`` shares with each present segment."""
    if not _known(connection):
        return {}
    found = connection.execute(
        f"select a.segment, b.segment, count(*) from {table} a inner join ml.segments b"
        " on a.user_id = b.user_id where b.task = ? and b.segment is not null group by 1, 2 order by 1, 2",
        [task],
    ).fetchall()
    return {(int(number), str(name)): int(users) for number, name, users in found}


def write_segments(
    connection: duckdb.DuckDBPyConnection,
    task: str,
    model_id: str,
    table: str,
    names: Mapping[int, str],
    at: datetime,
    everyone: str | None = None,
) -> int:
    """Replace segments by ``table``, whose numbers are called ``names``; return the users in it.

    Without ``everyone`` the table holds all users. With it, a query of the ids of all of them, the others
    keep their segments.
    """
    at = max(at, later_than(connection, "segments", "assigned_at"))
    these = f" and user_id in (select user_id from {table})" if everyone else ""
    connection.execute(f"delete from ml.segments where task = ?{these}", [task])
    if everyone:
        delete_gone(connection, "segments", task, everyone, table)
    connection.execute(
        "insert into ml.segments (user_id, task, segment, distance, model_id, assigned_at, as_of)"
        f" select user_id, ?, list_extract(?, segment + 1), distance, ?, ?, as_of from {table}"
        " order by user_id",
        [task, [names.get(number) for number in range(max(names) + 1)], model_id, at],
    )
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def write_profiles(
    connection: duckdb.DuckDBPyConnection, task: str, model_id: str, found: list[Profile]
) -> None:
    """Replace a model's profiles; those of earlier models stay, so that no name is given twice."""
    connection.execute("delete from ml.segment_profiles where task = ? and model_id = ?", [task, model_id])
    connection.executemany(
        "insert into ml.segment_profiles"
        " (task, segment, description, users, share, value, details, model_id)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [task, p.name, p.description, p.users, p.share, p.value, json.dumps(_details(p)), model_id]
            for p in found
        ],
    )


def _known(connection: duckdb.DuckDBPyConnection) -> bool:
    return all(has_table(connection, "ml", name) for name in ("segments", "segment_profiles"))


def _details(profile: Profile) -> dict[str, Any]:
    return {
        "value_share": profile.value_share,
        "traits": [
            {"feature": t.feature.name, "apart": t.apart, "mean": t.mean, "overall": t.overall}
            for t in profile.traits
        ],
    }

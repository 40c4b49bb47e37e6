"""What was decided of each task on each day of data (``ml.checks``): to be looked up without scikit-learn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import duckdb


@dataclass(frozen=True)
class Check:
    """Whether a task has to be trained again, and why or why not.

    Attributes
    ----------
    model_id
        The model that serves; empty where none does.
    """

    task: str
    model_id: str
    due: bool
    reason: str


def note(connection: duckdb.DuckDBPyConnection, found: Check, *, today: date | None, now: datetime) -> None:
    """Keep a decision, made ``now`` (UTC) on the data as of ``today``; None before anything was built."""
    connection.execute(
        "insert into ml.checks (task, model_id, as_of, checked_at, due, reason) values (?, ?, ?, ?, ?, ?)",
        [found.task, found.model_id, today, now, found.due, found.reason],
    )


def not_again(
    connection: duckdb.DuckDBPyConnection, found: Check, reason: str, *, today: date | None, now: datetime
) -> None:
    """Note that a training which was due failed: it is not tried again before another day of data."""
    failed = replace(found, due=False, reason=reason)
    note(connection, failed, today=today, now=now + timedelta(microseconds=1))


def pass_over(
    connection: duckdb.DuckDBPyConnection, declared: Collection[str], *, today: date | None, now: datetime
) -> None:
    """Note that nothing is to be decided of tasks that are declared no more: else no day were settled."""
    for task, day in decided_on(connection).items():
        if task not in declared and day != today:
            note(connection, Check(task, "", False, "not declared any more"), today=today, now=now)


def decided_on(connection: duckdb.DuckDBPyConnection) -> dict[str, date | None]:
    """Return the day of data on which each task was last decided on."""
    found = connection.execute("select task, arg_max(as_of, checked_at) from ml.checks group by task")
    return dict(found.fetchall())

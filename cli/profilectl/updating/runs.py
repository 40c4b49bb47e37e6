"""``ops.runs`` and ``ops.freshness``: what every update did, and how long each file took to be published."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from profilectl import facts
from profilectl_ml.transactions import transaction
from profilectl_ml.watermarks import utc_now

KILLED = "killed"
FAILED = "failed"
PUBLISHED = "published"
NOTHING_NEW = "nothing new"
#: Outcomes after which nothing is left over for the next run.
COMPLETE = (PUBLISHED, NOTHING_NEW)

_RUNS = (
    "run_id bigint, command varchar, started_at timestamp, ended_at timestamp, outcome varchar,"
    " reason varchar,"
    " version varchar, files bigint, files_rejected bigint, rows bigint, users bigint, bytes bigint,"
    " steps varchar, retraining varchar, through_batch bigint, project varchar"
)
_FRESHNESS = (
    "run_id bigint, source varchar, entity varchar, file varchar, rows bigint, arrived_at timestamp,"
    " published_at timestamp, seconds double"
)


@dataclass
class Run:
    """One update while it goes on; ``finish`` writes it down.

    Attributes
    ----------
    run_id
        Its number.
    files, files_rejected, rows, bytes
        What landed: files taken and refused, rows loaded, bytes of the files taken.
    users
        Users whose features were made anew.
    steps
        ``(step, seconds)`` in order.
    retraining
        Per task what was decided and why.
    through_batch
        The last landing batch that this run takes in.
    project
        The fingerprint of the dbt project and settings it was made with.
    version, published_at
        The version that it published, and when readers saw it.
    """

    run_id: int
    started_at: datetime
    files: int = 0
    files_rejected: int = 0
    rows: int = 0
    bytes: int = 0
    users: int = 0
    steps: list[tuple[str, float]] = field(default_factory=list)
    retraining: list[facts.Row] = field(default_factory=list)
    through_batch: int = 0
    project: str = ""
    version: str | None = None
    published_at: datetime | None = None
    outcome: str = FAILED
    reason: str = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; its seconds count even if it fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.steps.append((name, round(time.monotonic() - started, 3)))

    def as_json(self) -> facts.Row:
        """Return the run as one object."""
        return {
            "run_id": self.run_id,
            "outcome": self.outcome,
            "reason": self.reason,
            "version": self.version,
            "files": {"taken": self.files, "rejected": self.files_rejected, "bytes": self.bytes},
            "rows": self.rows,
            "users": self.users,
            "steps": [{"step": name, "seconds": seconds} for name, seconds in self.steps],
            "retraining": self.retraining,
        }


@dataclass(frozen=True)
class Arrival:
    """A file that a run took, and when it arrived in the landing folder (UTC)."""

    source: str
    entity: str
    file: str
    rows: int
    arrived_at: datetime


def start(connection: duckdb.DuckDBPyConnection, command: str) -> Run:
    """Begin a run: write its row, and mark runs that never ended as killed."""
    create_tables(connection)
    moment = utc_now()
    with transaction(connection):
        connection.execute(
            "update ops.runs set outcome = ?, ended_at = ?, reason = 'the process ended before the run did'"
            " where outcome is null",
            [KILLED, moment],
        )
        found = facts.rows(connection, "select coalesce(max(run_id), 0) + 1 as next from ops.runs")
        run = Run(int(found[0]["next"]), moment)
        connection.execute(
            "insert into ops.runs (run_id, command, started_at) values (?, ?, ?)",
            [run.run_id, command, moment],
        )
    return run


def finish(connection: duckdb.DuckDBPyConnection, run: Run, arrivals: Sequence[Arrival] = ()) -> None:
    """Write down how a run ended and, if it published, how long each file took to get there."""
    ended = utc_now()
    steps = json.dumps([{"step": name, "seconds": seconds} for name, seconds in run.steps])
    written: dict[str, Any] = {
        "ended_at": ended,
        "outcome": run.outcome,
        "reason": run.reason,
        "version": run.version,
        "files": run.files,
        "files_rejected": run.files_rejected,
        "rows": run.rows,
        "users": run.users,
        "bytes": run.bytes,
        "steps": steps,
        "retraining": json.dumps(run.retraining, default=str),
        "through_batch": run.through_batch,
        "project": run.project,
    }
    names = ", ".join(f"{name} = ?" for name in written)
    with transaction(connection):
        connection.execute(f"update ops.runs set {names} where run_id = ?", [*written.values(), run.run_id])
        if run.published_at is not None and arrivals:
            connection.executemany(
                "insert into ops.freshness values (?, ?, ?, ?, ?, ?, ?, ?)",
                [_measured(run, arrival, run.published_at) for arrival in arrivals],
            )


def last_complete(connection: duckdb.DuckDBPyConnection) -> facts.Row | None:
    """Return the newest run if it ended well; none after a failed or killed one, or before the first."""
    found = facts.rows(
        connection,
        "select outcome, through_batch, project, version, ended_at from ops.runs"
        " where outcome is not null order by run_id desc limit 1",
    )
    return found[0] if found and found[0]["outcome"] in COMPLETE else None


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of both tables."""
    connection.execute("create schema if not exists ops")
    connection.execute(f"create table if not exists ops.runs ({_RUNS})")
    connection.execute(f"create table if not exists ops.freshness ({_FRESHNESS})")


def latencies(connection: duckdb.DuckDBPyConnection, since: int = 0) -> facts.Row:
    """Return percentiles of the seconds from a file's arrival to its publication, of runs since one."""
    found = facts.rows(
        connection,
        "select count(*) as files, quantile_cont(seconds, 0.5) as p50, quantile_cont(seconds, 0.95) as p95,"
        " max(seconds) as slowest from ops.freshness where run_id >= ?",
        [since],
    )
    return found[0]


def _measured(run: Run, arrival: Arrival, published_at: datetime) -> list[Any]:
    seconds = (published_at - arrival.arrived_at).total_seconds()
    return [
        run.run_id,
        *(arrival.source, arrival.entity, arrival.file, arrival.rows),
        *(arrival.arrived_at, published_at, round(seconds, 3)),
    ]

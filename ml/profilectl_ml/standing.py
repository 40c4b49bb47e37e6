"""Which serving models are behind the marts, found without loading any of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from profilectl_ml.schema import create_ml_tables
from profilectl_ml.watermarks import REASONS, SCORES, SEGMENTS, Mark, last_day, made_on, mark

_MADE = {
    "regression": (SCORES, REASONS),
    "classification": (SCORES, REASONS),
    "clustering": (SEGMENTS,),
}


@dataclass(frozen=True)
class Standing:
    """One serving model and how far what it gave users has followed the marts.

    Attributes
    ----------
    features
        ``(schema, table)`` of the features it reads; empty for recommendations, which read events.
    marks
        Where each thing made of the features stands; empty for recommendations.
    is_current
        Whether there is nothing to do.
    why
        If everyone has to be worked out, why.
    """

    task: str
    model_id: str
    kind: str
    features: tuple[str, ...]
    marks: Mapping[str, Mark] = field(default_factory=dict)
    is_current: bool = False
    why: str = ""

    @property
    def through(self) -> int | None:
        """The run since which users changed; None if everyone has to be worked out."""
        found = [one.through for one in self.marks.values() if one.newest is not None]
        known = [through for through in found if through is not None]
        return min(known) if known and len(known) == len(self.marks) else None


def standings(connection: duckdb.DuckDBPyConnection) -> list[Standing]:
    """Return every serving model with where it stands, by task; models of files are left out."""
    create_ml_tables(connection)
    found = connection.execute(
        "select task, model_id, kind, details from ml.models where serving order by task"
    ).fetchall()
    listed = []
    for task, model_id, kind, details in found:
        declared = json.loads(details)["task"]
        if kind == "recommendation":
            listed.append(_recommending(connection, task, model_id))
        elif not declared.get("source"):
            listed.append(_reading(connection, task, model_id, kind, tuple(declared["features"])))
    return listed


def _reading(
    connection: duckdb.DuckDBPyConnection, task: str, model_id: str, kind: str, features: tuple[str, ...]
) -> Standing:
    marks = {what: mark(connection, task, what, model_id, features) for what in _MADE[kind]}
    current = all(one.is_current for one in marks.values())
    untracked = any(one.newest is None for one in marks.values())
    why = "its features do not say what changed" if untracked else "it has not scored these features before"
    return Standing(task, model_id, kind, features, marks, current, why)


def _recommending(connection: duckdb.DuckDBPyConnection, task: str, model_id: str) -> Standing:
    """Recommendations look at whole days: they are made anew when the last complete day is another one."""
    made, today = made_on(connection, task, model_id), last_day(connection)
    current = made is not None and (today is None or made == today)
    return Standing(task, model_id, "recommendation", (), {}, current, f"the last complete day is {today}")

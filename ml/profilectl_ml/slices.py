"""How a model does on parts of the test rows: a good mean can hide who is served badly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from profilectl_ml.catalogue import has_table
from profilectl_ml.data import Examples
from profilectl_ml.feature_report import FeatureFacts
from profilectl_ml.losses import row_losses
from profilectl_ml.tasks import Task

Floats = NDArray[np.float64]
Labels = NDArray[np.object_]
MIN_USERS = 30
_FEATURES, _VALUES, _PARTS = 3, 12, 4
_MISSING = "(unknown)"
_JUDGED = "judged_rows"
_SEGMENTS = (
    f"select place, 'segment of ' || task, segment::varchar from ml.segments join {_JUDGED} using (user_id)"
    " where segment is not null order by task, place"
)
# Whom a source knows, by what it recorded of them.
_SOURCES = (
    "select place, 'known from', list(distinct source::varchar order by source) from marts.fct_events"
    f" join {_JUDGED} on {_JUDGED}.user_id = fct_events.user_id::varchar group by place"
)


@dataclass(frozen=True)
class Slice:
    """One figure of one part: of the model that serves, and of the baseline, on ``n`` test rows."""

    slice: str
    value: str
    n: int
    metric: str
    score: float
    baseline: float


def slices(
    kind: str, actual: Floats, predicted: Floats, baseline: Floats, parts: Mapping[str, Labels]
) -> list[Slice]:
    """Return the figures of every part with at least ``MIN_USERS`` rows, the largest part of a slice first.

    Parameters
    ----------
    kind
        ``regression`` (mae, rmse) or ``classification`` (auc where both classes occur, log_loss).
    actual, predicted, baseline
        Shape ``(rows,)``.
    parts
        For each slice the part of each row, shape ``(rows,)``: a text, a tuple of them for a row in several
        parts, or None for one in no part.
    """
    found = []
    for name, labels in parts.items():
        members: dict[str, list[int]] = {}
        for row, label in enumerate(labels):
            for value in (label,) if isinstance(label, str) else label or ():
                members.setdefault(value, []).append(row)
        for value, rows in sorted(members.items(), key=lambda pair: (-len(pair[1]), pair[0])):
            if len(rows) < MIN_USERS:
                continue
            ours = _figures(kind, actual[rows], predicted[rows])
            theirs = _figures(kind, actual[rows], baseline[rows])
            found += [Slice(name, value, len(rows), m, ours[m], theirs[m]) for m in ours]
    return found


def parts_of(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    examples: Examples,
    rows: NDArray[np.int64],
    report: list[FeatureFacts],
) -> dict[str, Labels]:
    """Return what ``rows`` are divided by: categories, the baseline's level, segments, sources.

    Parameters
    ----------
    rows
        Positions of the test rows.
    report
        The features, the most relevant first: the first few categories of them are taken.
    """
    layout, matrix, found = examples.layout, examples.matrix[rows], {}
    categories = [
        facts.feature
        for facts in report
        if facts.feature in layout.vocabularies and len(layout.vocabularies[facts.feature]) <= _VALUES
    ]
    for name in categories[:_FEATURES]:
        found[name] = _category(matrix[:, layout.position(name)], layout.vocabularies[name])
    if task.baseline is not None:
        column = task.baseline.column
        found[f"{column} by quarter"] = _quarters(matrix[:, layout.position(column)])
    for place, name, told in _known(connection, examples.users[rows]):
        labels = found.setdefault(name, np.full(len(rows), None, dtype=object))
        labels[place] = tuple(told) if isinstance(told, list) else told
    return found


def _figures(kind: str, actual: Floats, predicted: Floats) -> dict[str, float]:
    if kind == "classification":
        loss = float(row_losses(kind, "log_loss", actual, predicted, predicted).mean())
        if len(np.unique(actual)) < 2:
            return {"log_loss": loss}
        return {"auc": float(roc_auc_score(actual, predicted)), "log_loss": loss}
    error = actual - predicted
    return {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt((error**2).mean()))}


def _category(codes: Floats, vocabulary: tuple[str, ...]) -> Labels:
    return np.array([_MISSING if not c >= 0 else vocabulary[int(c)] for c in codes], dtype=object)


def _quarters(values: Floats) -> Labels:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), None, dtype=object)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _PARTS + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="left")
    names = [f"{i + 1}: up to {edge:,.4g}" for i, edge in enumerate(edges)]
    names.append(f"{len(edges) + 1}: above {edges[-1]:,.4g}")
    return np.array(
        [_MISSING if np.isnan(v) else names[p] for v, p in zip(values, place, strict=True)], dtype=object
    )


def _known(connection: duckdb.DuckDBPyConnection, users: Labels) -> list[tuple[int, str, Any]]:
    """Return the place of a user among ``users``, the slice, and the part or parts of it that they are in."""
    there = [
        query
        for schema, table, query in (("ml", "segments", _SEGMENTS), ("marts", "fct_events", _SOURCES))
        if has_table(connection, schema, table)
    ]
    judged = pa.table({"place": np.arange(len(users)), "user_id": pa.array(users, type=pa.string())})
    connection.register(_JUDGED, judged)
    try:
        return [row for query in there for row in connection.execute(query).fetchall()]
    finally:
        connection.unregister(_JUDGED)

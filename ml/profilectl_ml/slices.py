"""How a model does on parts of the test rows: a good mean can hide who is served badly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from profilectl_ml.data import Examples
from profilectl_ml.feature_report import FeatureFacts
from profilectl_ml.losses import row_losses
from profilectl_ml.tasks import Task

Floats = NDArray[np.float64]
Labels = NDArray[np.object_]
MIN_USERS = 30
_FEATURES, _VALUES, _PARTS = 3, 12, 4
_MISSING = "(unknown)"
# Whom a source knows, by what it recorded of them.
_SOURCES = (
    "select user_id, string_agg(distinct source, ' + ' order by source) from marts.fct_events group by 1"
)
_SEGMENTS = "select user_id, task, segment from ml.segments where segment is not null"


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
        For each slice the part of each row, shape ``(rows,)``; None leaves a row out.
    """
    found = []
    for name, labels in parts.items():
        values, counts = np.unique([v for v in labels if v is not None], return_counts=True)
        for value, count in sorted(zip(values, counts, strict=True), key=lambda pair: (-pair[1], pair[0])):
            if count < MIN_USERS:
                continue
            rows = np.flatnonzero(labels == value)
            ours = _figures(kind, actual[rows], predicted[rows])
            theirs = _figures(kind, actual[rows], baseline[rows])
            found += [Slice(name, str(value), int(count), m, ours[m], theirs[m]) for m in ours]
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
    users = examples.users[rows]
    for name, labels in (*_segments(connection).items(), ("known from", _sources(connection))):
        if labels:
            found[name] = np.array([labels.get(str(user)) for user in users], dtype=object)
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


def _segments(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if _exists(connection, "ml", "segments"):
        for user, task, segment in connection.execute(_SEGMENTS).fetchall():
            found.setdefault(f"segment of {task}", {})[str(user)] = str(segment)
    return found


def _sources(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    if not _exists(connection, "marts", "fct_events"):
        return {}
    return {str(user): str(names) for user, names in connection.execute(_SOURCES).fetchall() if user}


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    found = connection.execute(
        "select count(*) from information_schema.tables where table_catalog = current_database()"
        " and table_schema = ? and table_name = ?",
        [schema, table],
    ).fetchall()
    return bool(found[0][0])

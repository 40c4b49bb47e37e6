"""The model registry: runs, metrics and models as tables of schema ``ml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from profilectl_ml.artefacts import FORMAT_VERSION, dump_model, load_model
from profilectl_ml.catalogue import has_table
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.evaluation import Metric
from profilectl_ml.layout import Layout
from profilectl_ml.watermarks import later_than


@dataclass(frozen=True)
class StoredModel:
    """A model as it is listed: everything but the artefact."""

    model_id: str
    run_id: str
    task: str
    kind: str
    candidate: str
    format_version: int
    created_at: datetime
    serving: bool


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to predict on matrices of its layout.

    Attributes
    ----------
    stored, layout
        How it is listed, and the columns it reads.
    estimator, baseline
        Who scores the task's population, and everyone else.
    details
        What else it takes to serve: the task it was trained for and its threshold.
    """

    stored: StoredModel
    estimator: Any
    baseline: Any
    layout: Layout
    details: dict[str, Any]


_LISTED = "model_id, run_id, task, kind, candidate, format_version, created_at, serving"


def list_models(connection: duckdb.DuckDBPyConnection, task: str | None = None) -> list[StoredModel]:
    """Return the models of one task or of all, the newest first; none if nothing was trained yet."""
    if not has_table(connection, "ml", "models"):
        return []
    rows = connection.execute(
        f"select {_LISTED} from ml.models where ? is null or task = ? order by created_at desc, model_id",
        [task, task],
    ).fetchall()
    return [StoredModel(*row) for row in rows]


def load(connection: duckdb.DuckDBPyConnection, model_id: str) -> LoadedModel:
    """Return a model by its id.

    Raises
    ------
    ProfilectlError
        If there is no such model, or its artefact is refused.
    """
    stored = next((m for m in list_models(connection) if m.model_id == model_id), None)
    if stored is None:
        raise ProfilectlError(f"there is no model {model_id!r} in the registry")
    artefact, features, details = connection.execute(
        "select artefact, features, details from ml.models where model_id = ?", [model_id]
    ).fetchall()[0]
    both = load_model(bytes(artefact), stored.format_version)
    return LoadedModel(
        stored, both["model"], both["baseline"], Layout.from_json(features), json.loads(details)
    )


def serving_model(connection: duckdb.DuckDBPyConnection, task: str) -> LoadedModel:
    """Return the model that serves a task.

    Raises
    ------
    ProfilectlError
        If the task was never trained, or the artefact is refused.
    """
    serving = next((m for m in list_models(connection, task) if m.serving), None)
    if serving is None:
        raise ProfilectlError(f"no model serves task {task!r} yet", hint="train one: profilectl train")
    return load(connection, serving.model_id)


def save_model(
    connection: duckdb.DuckDBPyConnection,
    model: LoadedModel,
    *,
    reason: str,
    scoring_sql: str | None = None,
) -> None:
    """Store a model; if it serves, the task's former one stops serving. Call inside a transaction.

    Parameters
    ----------
    model
        What ``load`` will return.
    reason
        Why it serves, for the log of promotions.
    scoring_sql
        The statement that scores every user, where the model can be written as one.

    Raises
    ------
    ProfilectlError
        If the model holds types that could not be loaded again.
    """
    stored = model.stored
    connection.execute(
        f"insert into ml.models ({_LISTED}, artefact, features, details, scoring_sql)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            stored.model_id,
            stored.run_id,
            stored.task,
            stored.kind,
            stored.candidate,
            FORMAT_VERSION,
            stored.created_at,
            False,
            dump_model({"model": model.estimator, "baseline": model.baseline}),
            model.layout.to_json(),
            json.dumps(model.details, sort_keys=True),
            scoring_sql,
        ],
    )
    if stored.serving:
        set_serving(connection, stored, event="trained", reason=reason, at=stored.created_at)


def set_serving(
    connection: duckdb.DuckDBPyConnection, stored: StoredModel, *, event: str, reason: str, at: datetime
) -> None:
    """Let a stored model serve its task instead of the one that does. Call inside a transaction.

    Parameters
    ----------
    event
        ``trained``, ``promoted`` or ``rolled back``, for the log in ``ml.promotions``.
    reason, at
        Why and when.
    """
    connection.execute(
        "update ml.models set serving = (model_id = ?) where task = ?", [stored.model_id, stored.task]
    )
    _log(connection, stored.task, stored.model_id, event, reason, at)


def set_retired(
    connection: duckdb.DuckDBPyConnection, task: str, model_id: str, *, reason: str, at: datetime
) -> None:
    """Let the model that serves a task serve no more, and nobody instead. Call inside a transaction."""
    connection.execute("update ml.models set serving = false where task = ?", [task])
    _log(connection, task, model_id, "retired", reason, at)


def _log(
    connection: duckdb.DuckDBPyConnection, task: str, model_id: str, event: str, reason: str, at: datetime
) -> None:
    # Who served before is found by this order, even where the clock was set back.
    at = max(at, later_than(connection, "promotions", "promoted_at"))
    connection.execute(
        "insert into ml.promotions (task, model_id, promoted_at, event, reason) values (?, ?, ?, ?, ?)",
        [task, model_id, at, event, reason],
    )


def save_metrics(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    task: str,
    split: str,
    figures: Mapping[str, Mapping[str, Metric]],
) -> None:
    """Store metrics of a run's candidates, by candidate and name. Call inside a transaction."""
    connection.executemany(
        "insert into ml.metrics (run_id, task, candidate, split, metric, value, low, high)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [run_id, task, candidate, split, name, metric.value, metric.low, metric.high]
            for candidate, found in figures.items()
            for name, metric in found.items()
        ],
    )


def save_run(connection: duckdb.DuckDBPyConnection, values: dict[str, object]) -> None:
    """Store one row of ``ml.runs``, ``params`` and ``details`` as JSON. Call inside a transaction."""
    row = dict(values)
    for name in ("params", "details"):
        row[name] = json.dumps(values.get(name, {}), sort_keys=True)
    marks = ", ".join("?" for _ in row)
    connection.execute(f"insert into ml.runs ({', '.join(row)}) values ({marks})", list(row.values()))

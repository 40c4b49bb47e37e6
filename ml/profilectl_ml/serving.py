"""What it takes to let a model serve: proof that SQL says the same, everyone's score, everyone's reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import duckdb
import numpy as np

from profilectl_ml import tables
from profilectl_ml.artefacts import load_model
from profilectl_ml.compiling import NotCompilable, long_expressions
from profilectl_ml.compiling.parity import TOLERANCE
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.explaining import Explainer
from profilectl_ml.explaining.background import background
from profilectl_ml.explaining.writing import write_reasons
from profilectl_ml.layout import Layout
from profilectl_ml.registry import LoadedModel
from profilectl_ml.scoring import score_users, scoring_statement, write_scores
from profilectl_ml.tasks import Task, from_details
from profilectl_ml.watermarks import REASONS, SCORES, record


@dataclass(frozen=True)
class Served:
    """The two models of a task, ready to serve.

    Attributes
    ----------
    estimator, baseline
        Who scores the population, and everyone else.
    layout
        The columns both read.
    statement
        Scores everyone in SQL; None where the models predict in batches.
    how
        ``sql``, or why not.
    """

    estimator: Any
    baseline: Any
    layout: Layout
    statement: str | None
    how: str


def prepare(
    connection: duckdb.DuckDBPyConnection, task: Task, estimator: Any, baseline: Any, layout: Layout
) -> Served:
    """Return the models with their statement, after every user's score was compared with scikit-learn's.

    Raises
    ------
    ProfilectlError
        If a single user's score differs by more than ``TOLERANCE``; the message names the worst.
    """
    if task.source:
        return Served(estimator, baseline, layout, None, "the features are a file")
    try:
        statement = scoring_statement(task, estimator, baseline, layout)
    except NotCompilable as why:
        return Served(estimator, baseline, layout, None, str(why))
    _check_parity(connection, task, estimator, baseline, layout, statement)
    return Served(estimator, baseline, layout, statement, "sql")


def prepare_stored(connection: duckdb.DuckDBPyConnection, model: LoadedModel) -> Callable[[datetime], int]:
    """Return what lets a stored model serve: replaces scores, reasons and the statement; see ``prepare``."""
    stored, task = model.stored, from_details(model.details["task"])
    tables.reopen(connection, task, model.layout)
    served = prepare(connection, task, model.estimator, model.baseline, model.layout)

    def write(at: datetime) -> int:
        # Compiled anew: the marts may be elsewhere than when the model was stored.
        connection.execute(
            "update ml.models set scoring_sql = ? where model_id = ?", [served.statement, stored.model_id]
        )
        return serve(connection, task, served, stored.model_id, at)

    return write


def serve(
    connection: duckdb.DuckDBPyConnection, task: Task, served: Served, model_id: str, at: datetime
) -> int:
    """Replace everyone's score and reasons; return how many users there are. Call inside a transaction."""
    users = write_scores(
        connection,
        task,
        served.estimator,
        served.baseline,
        served.layout,
        model_id=model_id,
        scored_at=at,
        statement=served.statement,
    )
    record(connection, task.name, SCORES, model_id, task.features)
    explain(connection, task, served.estimator, served.baseline, served.layout, model_id)
    return users


def explain(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    estimator: Any,
    baseline: Any,
    layout: Layout,
    model_id: str,
) -> None:
    """Replace everyone's reasons. Call inside a transaction."""
    rows = background(connection, task, task.features, layout, model_id)
    explained, naive = (Explainer(model, layout, rows) for model in (estimator, baseline))
    write_reasons(connection, task, layout, explained, naive, model_id=model_id)
    record(connection, task.name, REASONS, model_id, task.features)


def explain_some(
    connection: duckdb.DuckDBPyConnection, part: Task, model_id: str, everyone: tuple[str, ...]
) -> None:
    """Replace the reasons of the users in ``part.features``. Call inside a transaction.

    Parameters
    ----------
    everyone
        The features of all users.
    """
    artefact, version, features = connection.execute(
        "select artefact, format_version, features from ml.models where model_id = ?", [model_id]
    ).fetchall()[0]
    layout = Layout.from_json(features)
    rows = background(connection, part, everyone, layout, model_id)
    explained, naive = _explainers(bytes(artefact), int(version), str(features), rows.tobytes())
    write_reasons(connection, part, layout, explained, naive, model_id=model_id, everyone=everyone)
    record(connection, part.name, REASONS, model_id, everyone)


@lru_cache(maxsize=8)
def _explainers(artefact: bytes, version: int, features: str, rows: bytes) -> tuple[Explainer, Explainer]:
    """Return those of a stored model and its baseline; a process that goes on scoring makes them once."""
    layout, both = Layout.from_json(features), load_model(artefact, version)
    typical = np.frombuffer(rows).reshape(-1, len(layout.names))
    return Explainer(both["model"], layout, typical), Explainer(both["baseline"], layout, typical)


def _check_parity(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    estimator: Any,
    baseline: Any,
    layout: Layout,
    statement: str,
) -> None:
    connection.register("python_scores", score_users(connection, task, estimator, baseline, layout))
    try:
        with long_expressions(connection):
            worst = connection.execute(
                "select theirs.user_id, ours.score, theirs.score,"
                " abs(ours.score - theirs.score) / greatest(1, abs(theirs.score)) as apart"
                f" from python_scores as theirs left join ({statement}) as ours using (user_id)"
                " order by apart desc nulls first limit 1"
            ).fetchall()
    finally:
        connection.unregister("python_scores")
    for user, ours, theirs, apart in worst:
        if apart is None or not apart <= TOLERANCE:
            raise ProfilectlError(
                f"task {task.name}: SQL gives user {user} the score {ours!r}, scikit-learn {theirs!r}",
                hint="nothing was changed; please report the model",
            )

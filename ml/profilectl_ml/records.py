"""Writing a training run: model, metrics, predictions and scores, together or not at all."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profilectl_ml.recipes import BASELINE
from profilectl_ml.registry import LoadedModel, save_metrics, save_model, save_run
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.serving import Served, serve
from profilectl_ml.tasks import Task
from profilectl_ml.transactions import transaction

if TYPE_CHECKING:
    from profilectl_ml.results import TrainResult


@dataclass(frozen=True)
class Predictions:
    """Out-of-time predictions of the serving model beside the truth and the baseline, each ``(rows,)``."""

    users: NDArray[np.object_]
    cutoff: date | None
    actual: NDArray[np.float64]
    predicted: NDArray[np.float64]
    baseline: NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """Everything a run leaves behind."""

    result: TrainResult
    model: LoadedModel
    task: Task
    served: Served
    predictions: Predictions
    seed: int
    settings: dict[str, dict[str, Any]]


def write_run(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Write the run in one transaction: readers see the old model and scores, or the new ones."""
    result, stored = run.result, run.model.stored
    with transaction(connection):
        create_ml_tables(connection)
        save_run(
            connection,
            {
                "run_id": result.run_id,
                "task": result.task,
                "created_at": stored.created_at,
                "chosen": result.winner,
                "promoted": result.promoted,
                "reason": result.reason,
                "seed": run.seed,
                "params": run.settings,
                "data_fingerprint": result.fingerprint,
                "n_train": result.n_train,
                "n_test": result.n_test,
                "train_cutoffs": ", ".join(map(str, result.train_cutoffs)),
                "test_cutoff": result.test_cutoff,
                "baseline": BASELINE,
                "seconds": result.seconds,
                "kind": result.kind,
                "details": result.details,
            },
        )
        save_model(connection, run.model, reason=result.reason, scoring_sql=run.served.statement)
        save_metrics(connection, result.run_id, result.task, "validation", result.validation)
        save_metrics(connection, result.run_id, result.task, "test", result.test)
        _write_importance(connection, result)
        _write_features(connection, result)
        _write_reliability(connection, result)
        _write_slices(connection, result)
        _write_predictions(connection, run)
        serve(connection, run.task, run.served, result.model_id, stored.created_at)


def _write_importance(connection: duckdb.DuckDBPyConnection, result: TrainResult) -> None:
    connection.executemany(
        "insert into ml.feature_importance (model_id, task, feature, importance, low, high)"
        " values (?, ?, ?, ?, ?, ?)",
        [[result.model_id, result.task, i.feature, i.importance, i.low, i.high] for i in result.importance],
    )


def _write_features(connection: duckdb.DuckDBPyConnection, result: TrainResult) -> None:
    connection.executemany(
        "insert into ml.feature_report"
        " (run_id, task, feature, relevance, redundancy, redundant_with, psi, selected)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [[result.run_id, result.task, *astuple(facts)] for facts in result.features],
    )


def _write_reliability(connection: duckdb.DuckDBPyConnection, result: TrainResult) -> None:
    rows = [[result.run_id, result.task, c, *one] for c, found in result.reliability.items() for one in found]
    if rows:
        connection.executemany(
            "insert into ml.reliability (run_id, task, candidate, bin, n, predicted, observed)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def _write_slices(connection: duckdb.DuckDBPyConnection, result: TrainResult) -> None:
    if result.slices:
        connection.executemany(
            "insert into ml.slices (run_id, task, slice, value, n, metric, score, baseline)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            [[result.run_id, result.task, *astuple(one)] for one in result.slices],
        )


def _write_predictions(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    kept = run.predictions
    table = pa.table(
        {
            "user_id": pa.array(kept.users, type=pa.string()),
            "actual": kept.actual,
            "predicted": kept.predicted,
            "baseline": kept.baseline,
        }
    )
    connection.register("new_predictions", table)
    try:
        connection.execute(
            "insert into ml.test_predictions (model_id, task, user_id, cutoff, actual, predicted, baseline)"
            " select ?, ?, user_id, ?, actual, predicted, baseline from new_predictions order by user_id",
            [run.result.model_id, run.result.task, kept.cutoff],
        )
    finally:
        connection.unregister("new_predictions")

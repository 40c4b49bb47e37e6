"""Writing a recommendation run: model, metrics and recommendations, together or not at all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa

from profilectl_ml.artefacts import FORMAT_VERSION
from profilectl_ml.evaluation import Metric
from profilectl_ml.layout import Layout
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.recommending.writing import replace_recommendations
from profilectl_ml.registry import LoadedModel, StoredModel, save_metrics, save_model, save_run
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.transactions import transaction

Figures = dict[str, dict[str, Metric]]


@dataclass(frozen=True)
class RecommendResult:
    """What a training run found.

    Attributes
    ----------
    run_id, model_id, task
        Keys in ``ml.runs`` and ``ml.models``, and the task's name.
    winner, serving
        The candidate that validation chose, and the one that serves: it, or the baseline.
    promoted, reason
        Whether the winner serves, and why.
    validation, test
        ``ndcg_at_10`` and ``recall_at_20`` by candidate, means over users.
    params
        The model as plain values: settings of EASE, weights of the blend, what was left out and why.
    cutoff
        Where the part that was judged begins.
    n_train, n_test, n_users
        Pairs of user and item learnt from, users judged, users with recommendations.
    fingerprint
        Of all events, whatever their order.
    seconds
        Wall time.
    """

    run_id: str
    model_id: str
    task: str
    winner: str
    serving: str
    promoted: bool
    reason: str
    validation: Figures
    test: Figures
    params: dict[str, Any]
    cutoff: date
    n_train: int
    n_test: int
    n_users: int
    fingerprint: str
    seconds: float


def write_run(
    connection: duckdb.DuckDBPyConnection,
    task: RecommendationTask,
    result: RecommendResult,
    found: pa.Table,
    created_at: datetime,
    as_of: date,
    seed: int,
) -> int:
    """Write the run in one transaction and return how many users have recommendations."""
    with transaction(connection):
        create_ml_tables(connection)
        details = {
            "holdout": task.holdout,
            "repeats": task.repeats,
            "metric": task.metric,
            "left_out": result.params["left_out"],
        }
        save_run(
            connection,
            {
                "run_id": result.run_id,
                "task": task.name,
                "created_at": created_at,
                "chosen": result.winner,
                "promoted": result.promoted,
                "reason": result.reason,
                "seed": seed,
                "params": result.params,
                "data_fingerprint": result.fingerprint,
                "n_train": result.n_train,
                "n_test": result.n_test,
                "train_cutoffs": str(result.cutoff),
                "test_cutoff": result.cutoff,
                "baseline": task.baseline,
                "seconds": result.seconds,
                "kind": task.kind,
                "details": details,
            },
        )
        stored = StoredModel(
            result.model_id,
            result.run_id,
            task.name,
            task.kind,
            result.serving,
            FORMAT_VERSION,
            created_at,
            serving=True,
        )
        # Plain values: what serves can be worked out again from them and the events.
        layout = Layout(names=(), vocabularies={})
        model = LoadedModel(
            stored, result.params, task.baseline, layout, {"task": asdict(task), "seed": seed}
        )
        save_model(connection, model, reason=result.reason)
        save_metrics(connection, result.run_id, task.name, "validation", result.validation)
        save_metrics(connection, result.run_id, task.name, "test", result.test)
        return replace_recommendations(connection, task, found, result.model_id, created_at, as_of)

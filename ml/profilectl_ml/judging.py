"""Judging what was chosen on rows that chose nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from profilectl_ml.choosing import Choice
from profilectl_ml.comparing import Compared, Rows, fit
from profilectl_ml.evaluation import Metric, evaluate
from profilectl_ml.folds import Plan
from profilectl_ml.losses import row_losses
from profilectl_ml.metrics_classification import reliability
from profilectl_ml.predicting import predict_bounded
from profilectl_ml.recipes import BASELINE
from profilectl_ml.tasks import Task

Progress = Callable[[float, str], None]
Reliability = list[tuple[int, int, float, float]]


@dataclass(frozen=True)
class Judgement:
    """Every candidate on the test rows, fitted on what may be learnt from; only the winner's decide."""

    models: dict[str, Any]
    predicted: dict[str, Any]
    validation: dict[str, dict[str, Metric]]
    test: dict[str, dict[str, Metric]]
    reliability: dict[str, Reliability]


def judge(task: Task, choice: Choice, rows: Rows, schedule: Plan, seed: int, tell: Progress) -> Judgement:
    """Return every candidate's predictions of the test rows and its metrics, there and in validation."""

    def measured(name: str, where: Any, predicted: Any) -> dict[str, Metric]:
        return evaluate(
            rows.label[where],
            predicted,
            rows.number[where],
            seed=seed,
            kind=task.kind,
            threshold=choice.thresholds.get(name, 0.5),
            costs=task.costs.pair,
        )

    found = Judgement({}, {}, {}, {}, {})
    learnt, judged = schedule.learnt, schedule.judged
    compared: list[Compared] = choice.comparison.compared
    for place, c in enumerate(compared):
        tell(place / len(compared), f"judging {c.name}")
        model = fit(c.estimator, rows.matrix[learnt], rows.label[learnt])
        predicted = predict_bounded(model, rows.matrix[judged], task.minimum)
        found.models[c.name], found.predicted[c.name] = model, predicted
        found.validation[c.name] = measured(c.name, schedule.folds.rows, c.predicted)
        found.test[c.name] = measured(c.name, judged, predicted)
        if task.kind == "classification":
            found.reliability[c.name] = reliability(rows.label[judged], predicted)
    return found


def promotion(
    task: Task, choice: Choice, judgement: Judgement, actual: Any, schedule: Plan
) -> tuple[bool, str]:
    """Return whether the winner may serve, and why: it must beat the baseline on the test rows.

    ``actual`` is the label of the test rows, shape ``(rows,)``.
    """
    winner = choice.winner.name
    if winner == BASELINE:
        return False, "no candidate is clearly better than the baseline in validation; the baseline serves"
    naive = judgement.predicted[BASELINE]
    ours, theirs = (
        float(row_losses(task.kind, task.metric, actual, judgement.predicted[name], naive).mean())
        for name in (winner, BASELINE)
    )
    shown = "rmse" if task.metric == "mse" else task.metric
    if task.metric == "mse":
        ours, theirs = ours**0.5, theirs**0.5
    where = f"on the cutoff {schedule.test_cutoff}" if schedule.test_cutoff else "on the users kept aside"
    figures = f"{shown} {ours:.4g} against {theirs:.4g} {where}"
    if ours < theirs:
        return True, f"{winner} beats the baseline: {figures}"
    return False, f"{winner} does not beat the baseline: {figures}; the baseline serves"

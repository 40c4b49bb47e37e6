"""Training a task: compare out of time, judge once, let it serve only if it beats the baseline."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import duckdb
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.artefacts import FORMAT_VERSION
from profilectl_ml.choosing import Choice, choose
from profilectl_ml.comparing import Question, Rows, fit, quiet
from profilectl_ml.data import Examples, check_features, read_examples
from profilectl_ml.feature_report import feature_report
from profilectl_ml.folds import Plan, plan
from profilectl_ml.importance import permutation_importance
from profilectl_ml.judging import judge, promotion
from profilectl_ml.leakage import check_alone, check_folds, check_served, check_times
from profilectl_ml.left_out import left_out
from profilectl_ml.predicting import predict_bounded
from profilectl_ml.recipes import BASELINE, Recipe
from profilectl_ml.records import Predictions, Run, write_run
from profilectl_ml.registry import LoadedModel, StoredModel
from profilectl_ml.results import TrainResult
from profilectl_ml.serving import prepare
from profilectl_ml.slices import parts_of, slices
from profilectl_ml.tasks import Level, Task, to_details
from profilectl_ml.watermarks import utc_now

Progress = Callable[[float, str], None]
# Shares of the time: reading and checking, comparing, judging, importance, the rest for scoring and saving.
_CHECKED, _COMPARED, _JUDGED, _WEIGHED = 0.05, 0.75, 0.85, 0.92


def train(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> TrainResult:
    """Train a task from the marts and write model, metrics and scores in one transaction.

    Candidates are compared on inner out-of-time folds; only the choice that comes out of them is
    held against the baseline on the latest cutoff. The other candidates' test figures are for the
    report and decide nothing. What serves is refitted on every labelled cutoff.

    Parameters
    ----------
    connection
        A warehouse opened for writing, with the task's marts, outside a transaction.
    task
        What to learn.
    seed
        Instead of the task's own.
    progress
        Called with the share done (0 to 1) and what is being done.

    Raises
    ------
    ProfilectlError
        If marts or columns are missing, there are too few users or cutoffs, or a feature knows too much.
    """
    # One thread per fit: sums then have one order, so the same data give the same bits; and threads that
    # wait for each other on busy cores made boosting ten times slower.
    quiet()
    with threadpool_limits(1):
        return _train(connection, task, task.seed if seed is None else seed, progress or _silent)


def _silent(share: float, message: str) -> None:
    """Tell nobody."""


def _train(connection: duckdb.DuckDBPyConnection, task: Task, seed: int, tell: Progress) -> TrainResult:
    started, created_at = time.monotonic(), utc_now()
    tell(0.0, "reading examples")
    check_times(connection, task)
    examples = read_examples(connection, task)
    check_features(connection, task, examples.layout)
    check_served(connection, task, examples)
    schedule = plan(examples, task.kind, task.horizon_days, seed)
    tell(_CHECKED / 2, "checking for leaks")
    check_folds(task.name, examples.users, schedule.folds)
    check_alone(task, examples, schedule)

    rows = Rows(examples.matrix, examples.label, examples.users)
    question = Question(
        _recipe(task, examples, seed), task.metric, task.candidates, task.minimum, task.budget_seconds
    )
    choice = choose(question, rows, schedule.folds, _within(tell, _CHECKED, _COMPARED), task.costs.pair)
    judgement = judge(task, choice, rows, schedule, seed, _within(tell, _COMPARED, _JUDGED))
    promoted, reason = promotion(task, choice, judgement, rows.label[schedule.judged], schedule)
    compared = choice.comparison.compared
    serving = choice.winner if promoted else compared[0]
    threshold = choice.thresholds.get(serving.name)

    tell(_JUDGED, "weighing features")
    importance = permutation_importance(
        lambda matrix: predict_bounded(judgement.models[serving.name], matrix, task.minimum),
        examples.matrix[schedule.judged],
        examples.label[schedule.judged],
        examples.layout.names,
        seed=seed,
        kind=task.kind,
    )
    report = feature_report(examples.layout, rows, schedule.folds, schedule.learnt, examples.cutoffs)
    parted = slices(
        task.kind,
        rows.label[schedule.judged],
        judgement.predicted[serving.name],
        judgement.predicted[BASELINE],
        parts_of(connection, task, examples, schedule.judged, report),
    )
    tell(_WEIGHED, f"refitting {serving.name} and scoring")
    final = fit(serving.estimator, examples.matrix, examples.label)
    baseline = fit(compared[0].estimator, examples.matrix, examples.label)
    served = prepare(connection, task, final, baseline, examples.layout)

    run_id = f"{task.name}-{created_at:%Y%m%dT%H%M%S%f}"
    result = TrainResult(
        run_id=run_id,
        model_id=f"{run_id}-{serving.name}",
        task=task.name,
        winner=choice.winner.name,
        serving=serving.name,
        promoted=promoted,
        reason=reason,
        params=dict(choice.winner.params),
        validation=judgement.validation,
        test=judgement.test,
        importance=importance,
        train_cutoffs=schedule.train_cutoffs,
        test_cutoff=schedule.test_cutoff,
        n_train=len(schedule.learnt),
        n_test=len(schedule.judged),
        fingerprint=examples.fingerprint,
        seconds=time.monotonic() - started,
        kind=task.kind,
        features=report,
        reliability=judgement.reliability,
        threshold=threshold,
        details={
            **_details(task, choice, schedule),
            "threshold": threshold,
            "sample": examples.sample,
            "left_out": left_out(connection, task, examples),
            "scored_by": served.how,
        },
        slices=parted,
    )
    stored = StoredModel(
        result.model_id, run_id, task.name, task.kind, serving.name, FORMAT_VERSION, created_at, serving=True
    )
    kept = Predictions(
        examples.users[schedule.judged],
        schedule.test_cutoff,
        examples.label[schedule.judged],
        judgement.predicted[serving.name],
        judgement.predicted[BASELINE],
    )
    settings = {c.name: dict(c.params) for c in compared}
    model = LoadedModel(
        stored,
        final,
        baseline,
        examples.layout,
        {"task": to_details(task), "threshold": threshold, "seed": seed},
    )
    write_run(connection, Run(result, model, task, served, kept, seed, settings))
    tell(1.0, "done")
    return result


def _within(tell: Progress, low: float, high: float) -> Progress:
    return lambda share, what: tell(low + (high - low) * share, what)


def _recipe(task: Task, examples: Examples, seed: int) -> Recipe:
    def placed(level: Level | None) -> tuple[int, float] | None:
        return None if level is None else (examples.layout.position(level.column), level.factor)

    return Recipe(examples.layout, seed, task.kind, placed(task.baseline), placed(task.level))


def _details(task: Task, choice: Choice, schedule: Plan) -> dict[str, Any]:
    return {
        "asked": {
            "label": task.label,
            "positive": None if task.positive is None else asdict(task.positive),
            "horizon_days": task.horizon_days if task.cutoff else None,
            "population": task.population,
            "minimum": task.minimum,
        },
        "how": schedule.how,
        "why": choice.why,
        "metric": task.metric,
        "costs": asdict(task.costs),
        "budget_seconds": task.budget_seconds,
        "standings": [{**asdict(s), "within_one_error": s.close} for s in choice.standings],
        "trials": [asdict(t) for t in choice.comparison.trials],
        "skipped": choice.comparison.skipped,
    }

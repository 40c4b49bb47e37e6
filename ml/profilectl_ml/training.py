"""Training a task: compare out of time, judge once, let it serve only if it beats the baseline."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.artefacts import FORMAT_VERSION
from profilectl_ml.candidates import BASELINE, Recipe, candidates
from profilectl_ml.data import Examples, check_features, read_examples
from profilectl_ml.evaluation import Importance, Metric, evaluate, permutation_importance
from profilectl_ml.records import Predictions, Run, write_run
from profilectl_ml.registry import StoredModel
from profilectl_ml.scoring import predict_bounded, score_users
from profilectl_ml.selection import Compared, choose, compare, fit, make_folds, quiet
from profilectl_ml.splits import out_of_time, validation_folds
from profilectl_ml.tasks import Level, Task

Progress = Callable[[float, str], None]
# Shares of the time: comparing, judging, importance, and the rest for scoring and saving.
_COMPARED, _JUDGED, _WEIGHED = 0.65, 0.85, 0.95


@dataclass(frozen=True)
class TrainResult:
    """What a training run found.

    Attributes
    ----------
    run_id, model_id
        Keys in ``ml.runs`` and ``ml.models``.
    task
        Name of the task.
    winner
        The candidate that validation chose.
    serving
        The candidate that serves: the winner, or the baseline if the winner was not promoted.
    promoted, reason
        Whether the winner serves, and why.
    params
        The winner's setting.
    validation, test
        Metrics by candidate and name (``mse, rmse, mae, r2, spearman``), in the label's unit.
    importance
        The serving model's features, the most important first.
    train_cutoffs, test_cutoff
        Days the judged models learnt from, and the day they were judged on.
    n_train, n_test, n_scores
        Rows learnt from and judged on; users scored.
    fingerprint
        Of all labelled rows.
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
    params: dict[str, Any]
    validation: dict[str, dict[str, Metric]]
    test: dict[str, dict[str, Metric]]
    importance: list[Importance]
    train_cutoffs: tuple[date, ...]
    test_cutoff: date
    n_train: int
    n_test: int
    n_scores: int
    fingerprint: str
    seconds: float


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
        If marts or columns are missing, or there are too few users or cutoffs.
    """
    # One thread per fit: sums then have one order, so the same data give the same bits; and threads that
    # wait for each other on busy cores made boosting ten times slower.
    with threadpool_limits(1), quiet():
        return _train(connection, task, task.seed if seed is None else seed, progress or _silent)


def _silent(share: float, message: str) -> None:
    """Tell nobody."""


def _train(connection: duckdb.DuckDBPyConnection, task: Task, seed: int, tell: Progress) -> TrainResult:
    started, created_at = time.monotonic(), datetime.now(UTC).replace(tzinfo=None)
    tell(0.0, "reading examples")
    examples = read_examples(connection, task)
    check_features(connection, task, examples.layout)
    recipe = _recipe(task, examples, seed)
    known = sorted(set(examples.cutoffs.tolist()))
    split = out_of_time(known, task.horizon_days)
    folds = make_folds(examples, validation_folds(split.train, task.horizon_days))

    contenders = candidates(task.candidates)
    fits, done = sum(len(c.grid) for c in contenders), 0

    def tell_fit(name: str) -> None:
        nonlocal done
        tell(_COMPARED * done / fits, f"comparing {name}")
        done += 1

    compared = [compare(c, recipe, examples, folds, task.minimum, tell_fit) for c in contenders]
    winner = choose(compared)
    number = np.unique(examples.users, return_inverse=True)[1].astype(np.int64)
    validation = {
        c.candidate.name: evaluate(examples.label[folds.rows], c.predicted, number[folds.rows], seed=seed)
        for c in compared
    }

    learnt, judged = examples.at(*split.train), examples.at(split.test)
    actual = examples.label[judged]
    models, predicted = {}, {}
    for i, c in enumerate(compared):
        tell(_COMPARED + (_JUDGED - _COMPARED) * i / len(compared), f"judging {c.candidate.name}")
        name = c.candidate.name
        models[name] = fit(c.candidate, c.params, recipe, examples.matrix[learnt], examples.label[learnt])
        predicted[name] = predict_bounded(models[name], examples.matrix[judged], task.minimum)
    test = {name: evaluate(actual, values, number[judged], seed=seed) for name, values in predicted.items()}
    promoted, reason = _promotion(winner.candidate.name, test, split.test)
    serving = winner if promoted else compared[0]
    name = serving.candidate.name

    tell(_JUDGED, "weighing features")
    importance = permutation_importance(
        lambda rows: predict_bounded(models[name], rows, task.minimum),
        examples.matrix[judged],
        actual,
        examples.layout.names,
        seed=seed,
    )
    tell(_WEIGHED, f"refitting {name} and scoring")
    final = fit(serving.candidate, serving.params, recipe, examples.matrix, examples.label)
    baseline = fit(compared[0].candidate, {}, recipe, examples.matrix, examples.label)
    scores = score_users(connection, task, final, baseline, examples.layout)

    run_id = f"{task.name}-{created_at:%Y%m%dT%H%M%S%f}"
    result = TrainResult(
        run_id=run_id,
        model_id=f"{run_id}-{name}",
        task=task.name,
        winner=winner.candidate.name,
        serving=name,
        promoted=promoted,
        reason=reason,
        params=dict(winner.params),
        validation=validation,
        test=test,
        importance=importance,
        train_cutoffs=split.train,
        test_cutoff=split.test,
        n_train=len(learnt),
        n_test=len(judged),
        n_scores=scores.num_rows,
        fingerprint=examples.fingerprint,
        seconds=time.monotonic() - started,
    )
    stored = StoredModel(
        result.model_id, run_id, task.name, task.kind, name, FORMAT_VERSION, created_at, serving=True
    )
    kept = Predictions(examples.users[judged], split.test, actual, predicted[name], predicted[BASELINE])
    write_run(
        connection, Run(result, stored, final, examples.layout, kept, scores, seed, _settings(compared))
    )
    tell(1.0, "done")
    return result


def _recipe(task: Task, examples: Examples, seed: int) -> Recipe:
    def placed(level: Level) -> tuple[int, float]:
        return examples.layout.position(level.column), level.factor

    level = None if task.level is None else placed(task.level)
    return Recipe(examples.layout, seed, placed(task.baseline), level)


def _promotion(winner: str, test: dict[str, dict[str, Metric]], day: date) -> tuple[bool, str]:
    if winner == BASELINE:
        return (
            False,
            "no candidate beats the baseline in validation; the baseline serves",
        )
    ours, naive = test[winner]["mse"].value, test[BASELINE]["mse"].value
    figures = f"RMSE {ours**0.5:.2f} against {naive**0.5:.2f} on the cutoff {day}"
    if ours < naive:
        return True, f"{winner} beats the baseline out of time: {figures}"
    return False, f"{winner} does not beat the baseline out of time: {figures}; the baseline serves"


def _settings(compared: list[Compared]) -> dict[str, dict[str, Any]]:
    return {c.candidate.name: dict(c.params) for c in compared}

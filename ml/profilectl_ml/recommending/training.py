"""Training a recommendation task: choose on one held-out part, judge on a later one, serve what is better."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import duckdb
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.evaluation import Metric
from profilectl_ml.recommending import als
from profilectl_ml.recommending.events import drop_temporary, read_events
from profilectl_ml.recommending.fitting import Settings, choose_settings, fit_signals, needed_for
from profilectl_ml.recommending.history import History, read_history, read_truth
from profilectl_ml.recommending.holdout import Split, add_held, splits
from profilectl_ml.recommending.judging import STORED, Seen, blend_of, crossed, look, metrics_of
from profilectl_ml.recommending.records import RecommendResult, write_run
from profilectl_ml.recommending.rerank import Blend
from profilectl_ml.recommending.serving import recommend
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.watermarks import utc_now

Progress = Callable[[float, str], None]


def train(
    connection: duckdb.DuckDBPyConnection,
    task: RecommendationTask,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> RecommendResult:
    """Train a task and write model, metrics and recommendations in one transaction.

    Candidates are compared on the last part but one of what users did; the winner is held against the
    baseline on the last part. What serves learns from everything.

    Parameters
    ----------
    connection
        A warehouse opened for writing, with the task's marts, outside a transaction.
    task
        What to recommend.
    seed
        Instead of the task's own.
    progress
        Called with the share done (0 to 1) and what is being done.

    Raises
    ------
    ProfilectlError
        If marts or columns are missing, or there are too few users, items or windows.
    """
    # One thread: sums then have one order, so the same data give the same bits.
    with threadpool_limits(1):
        try:
            return _train(connection, task, task.seed if seed is None else seed, progress or _silent)
        finally:
            drop_temporary(connection)


def _silent(share: float, message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _Part:
    """One held-out part as the candidates see it."""

    history: History
    settings: Settings
    seen: Seen


def _train(
    connection: duckdb.DuckDBPyConnection, task: RecommendationTask, seed: int, tell: Progress
) -> RecommendResult:
    started, created_at = time.monotonic(), utc_now()
    tell(0.0, "reading events")
    fingerprint = read_events(connection, task)
    add_held(connection, task, seed)
    choosing, judging, serving_split = splits(connection, task)

    tell(0.05, "comparing candidates")
    first = _look(connection, task, choosing, None, seed)
    values = _figures(task, first.seen, crossed(first.seen) if "blend" in task.candidates else None)
    validation = metrics_of(values, seed)
    # The first of equals: the baseline, then the simpler one.
    winner = max(values, key=lambda name: validation[name][STORED[task.metric]].value)

    tell(0.45, "judging candidates")
    second = _look(connection, task, judging, first.settings, seed)
    blend = blend_of([first.seen]) if "blend" in values else None
    blended = second.seen.blended(blend.scores(second.seen.features.astype(float))) if blend else None
    test = metrics_of(_figures(task, second.seen, blended), seed)
    promoted, reason = _promotion(task, winner, test)
    serving = winner if promoted else task.baseline

    tell(0.75, f"learning {serving} from everything")
    history = read_history(connection, task, serving_split)
    fitted = fit_signals(connection, needed_for(task, serving), history, first.settings, seed)
    final = blend_of([first.seen, second.seen]) if serving == "blend" else None
    tell(0.85, "recommending")
    found = recommend(task, fitted, serving, final, lambda share: tell(0.85 + 0.1 * share, "recommending"))

    tell(0.95, "writing")
    run_id = f"{task.name}-{created_at:%Y%m%dT%H%M%S%f}"
    result = RecommendResult(
        run_id=run_id,
        model_id=f"{run_id}-{serving}",
        task=task.name,
        winner=winner,
        serving=serving,
        promoted=promoted,
        reason=reason,
        validation=validation,
        test=test,
        params=_params(task, history, first.settings, final),
        # the last day that is learnt from, as everywhere: the past ends before the moment
        cutoff=(judging.cutoff - timedelta(microseconds=1)).date(),
        n_train=len(second.history.indices),
        n_test=len(second.seen.users),
        n_users=0,
        fingerprint=fingerprint,
        seconds=time.monotonic() - started,
    )
    as_of = serving_split.cutoff.date() - timedelta(days=1)
    users = write_run(connection, task, result, found, created_at, as_of, seed)
    tell(1.0, "done")
    return replace(result, n_users=users)


def _look(
    connection: duckdb.DuckDBPyConnection,
    task: RecommendationTask,
    split: Split,
    settings: Settings | None,
    seed: int,
) -> _Part:
    """Learn from the past of a split and score its future; chooses EASE's settings if none are given."""
    history = read_history(connection, task, split)
    truth = read_truth(connection, history, split, task.repeats)
    if not truth.nnz:
        raise ProfilectlError(
            f"task {task.name}: no user known by {split.cutoff:%Y-%m-%d} had an item after it to judge by",
            hint="land a longer history, or lower min_users_per_item",
        )
    settings = settings or choose_settings(task, history, truth)
    fitted = fit_signals(connection, task, history, settings, seed)
    return _Part(history, settings, look(task, fitted, truth))


def _figures(task: RecommendationTask, seen: Seen, blended: Any) -> dict[str, Any]:
    """Return the figures of every candidate that could compete, the baseline first."""
    found = {name: seen.figures[name] for name in task.contenders if name in seen.figures}
    return found if blended is None else {**found, "blend": blended}


def _promotion(task: RecommendationTask, winner: str, test: dict[str, dict[str, Metric]]) -> tuple[bool, str]:
    if winner == task.baseline:
        return False, "no candidate beats the baseline in validation; the baseline serves"
    name = STORED[task.metric]
    ours, naive = test[winner][name].value, test[task.baseline][name].value
    figures = f"{name} {ours:.4f} against {naive:.4f} on what was held out"
    if ours > naive:
        return True, f"{winner} beats the baseline: {figures}"
    return False, f"{winner} does not beat the baseline: {figures}; the baseline serves"


def _params(
    task: RecommendationTask, history: History, settings: Settings, blend: Blend | None
) -> dict[str, Any]:
    left_out = {} if history.cap is None else {"items": history.cap}
    if "als" in task.candidates and not als.available():
        left_out["als"] = "the library implicit is not installed (extra: recommend)"
    return {
        "ease": asdict(settings.ease),
        "ease_recent": asdict(settings.ease_recent),
        "blend": blend.as_dict() if blend else {},
        "left_out": left_out,
    }

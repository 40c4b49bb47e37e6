"""Training a clustering: choose the number on one half of a sample, judge on the other, assign everyone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.artefacts import FORMAT_VERSION
from profilectl_ml.registry import LoadedModel, StoredModel, save_metrics, save_model, save_run
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.segmenting import writing
from profilectl_ml.segmenting.assigning import assignment_sql
from profilectl_ml.segmenting.choosing import RULE, Tried, choose_k, try_k
from profilectl_ml.segmenting.clusterers import Bands, kmeans, pipeline
from profilectl_ml.segmenting.features import spoken
from profilectl_ml.segmenting.judging import BASELINE, Judged, judge, verdict
from profilectl_ml.segmenting.matching import match
from profilectl_ml.segmenting.naming import Profile, describe, give_names
from profilectl_ml.segmenting.profiling import profiles
from profilectl_ml.segmenting.reading import Sample, layout_of, read_sample
from profilectl_ml.segmenting.task import ClusteringTask, to_details
from profilectl_ml.transactions import transaction
from profilectl_ml.watermarks import SEGMENTS, record, utc_now

Progress = Callable[[float, str], None]
# A segment of fewer users than this, on the half that the number is chosen on, describes nobody.
_LEAST_USERS = 10


@dataclass(frozen=True)
class SegmentResult:
    """What a run found: keys, who serves, the segments and how every number of them did."""

    run_id: str
    model_id: str
    task: str
    chosen: str
    promoted: bool
    reason: str
    segments: list[Profile]
    tried: list[Tried]
    test: dict[str, Judged]
    seconds: float


def train(
    connection: duckdb.DuckDBPyConnection,
    task: ClusteringTask,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> SegmentResult:
    """Segment every user of the features mart and write it all in one transaction.

    The number of segments is chosen on one half of a sample of the users, by stability under resampling and
    silhouette (``choosing.RULE``). On the other half the clustering is held against bands of equally many
    users by the value column (or the first feature): if the bands separate users better, as far as both can
    be relied on, the bands serve. What serves is refitted on the whole sample.

    Parameters
    ----------
    connection
        A warehouse opened for writing, outside a transaction.
    task
        Which users, and by what.
    seed
        Instead of the task's own.
    progress
        Called with the share done (0 to 1) and what is being done.

    Raises
    ------
    ProfilectlError
        If the mart or a column is missing, there are too few users, or one has two rows.
    """
    # One thread: sums then have one order, so the same users give the same segments.
    with threadpool_limits(1):
        return _train(connection, task, task.seed if seed is None else seed, progress or _silent)


def _silent(share: float, message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _Choice:
    """The number of segments, why, what was tried and how it did on the other half."""

    best: Tried
    why: str
    tried: list[Tried]
    test: dict[str, Judged]
    promoted: bool
    reason: str


def _train(
    connection: duckdb.DuckDBPyConnection, task: ClusteringTask, seed: int, tell: Progress
) -> SegmentResult:
    started, now = time.monotonic(), utc_now()
    tell(0.0, "reading features")
    sample = read_sample(connection, task)
    choice = _choose(task, sample.matrix, seed, tell)

    tell(0.9, "assigning and describing")
    k = choice.best.k
    chosen = f"k={k}"
    serving = chosen if choice.promoted else BASELINE
    clusterer = kmeans(k, seed) if choice.promoted else Bands(k, task.banded)
    fitted = pipeline(task, clusterer).fit(sample.matrix)
    run_id = f"{task.name}-{now:%Y%m%dT%H%M%S%f}"
    model_id = f"{run_id}-{serving}"
    stored = StoredModel(model_id, run_id, task.name, task.kind, serving, FORMAT_VERSION, now, serving=True)
    with writing.assigned(connection, assignment_sql(task, fitted, dated=sample.dated)) as table:
        found = profiles(connection, task, fitted, table)
        kept = match(writing.shared_users(connection, task.name, table))
        give_names(found, kept, writing.earlier_names(connection, task.name))
        for profile in found:
            profile.description = describe(profile, task.value_words)
        names = {profile.number: profile.name for profile in found}
        details = {"task": to_details(task), "names": names, "seed": seed}
        seconds = time.monotonic() - started
        run = _run(task, sample, choice, seed, seconds) | {"run_id": run_id, "created_at": now}
        tried = {f"k={t.k}": {"silhouette": t.silhouette, "stability": t.stability} for t in choice.tried}
        with transaction(connection):
            create_ml_tables(connection)
            save_run(connection, run)
            save_model(
                connection,
                LoadedModel(stored, fitted, None, layout_of(task), details),
                reason=choice.reason,
                scoring_sql=assignment_sql(task, fitted, dated=sample.dated, names=names),
            )
            save_metrics(connection, run_id, task.name, "validation", tried)
            save_metrics(connection, run_id, task.name, "test", choice.test)
            writing.write_segments(connection, task.name, model_id, table, names, now)
            record(connection, task.name, SEGMENTS, model_id, task.features)
            writing.write_profiles(connection, task.name, model_id, found)
    tell(1.0, "done")
    keys = (run_id, model_id, task.name, chosen, choice.promoted, choice.reason)
    return SegmentResult(*keys, found, choice.tried, choice.test, seconds)


def _choose(task: ClusteringTask, matrix: NDArray[np.float64], seed: int, tell: Progress) -> _Choice:
    learnt, judged = matrix[::2], matrix[1::2]
    scale = Pipeline(pipeline(task, kmeans(2, seed)).steps[:1]).fit(learnt)
    points = scale.transform(learnt)
    most = max(task.least_k, min(task.most_k, len(learnt) // _LEAST_USERS))
    numbers, tried = range(task.least_k, most + 1), []
    for place, k in enumerate(numbers):
        tell(0.05 + 0.7 * place / len(numbers), f"trying {k} segments")
        tried.append(try_k(points, k, lambda number, k=k: kmeans(k, number), seed))  # type: ignore[misc]
    best, why = choose_k(tried, task.min_stability)
    tell(0.75, "judging")
    ours, theirs = kmeans(best.k, seed), Bands(best.k, task.banded)
    test = {
        f"k={best.k}": judge(pipeline(task, ours), learnt, judged, scale, seed),
        BASELINE: judge(pipeline(task, theirs), learnt, judged, scale, seed),
    }
    bands = len(theirs.fit(points).edges_) + 1
    column = spoken(task.names[task.banded])
    promoted, reason = verdict(test[f"k={best.k}"], test[BASELINE], best.k, bands, column)
    return _Choice(best, why, tried, test, promoted, f"{reason}; {why}")


def _run(task: ClusteringTask, sample: Sample, choice: _Choice, seed: int, seconds: float) -> dict[str, Any]:
    """Return the row of ``ml.runs``, without its key and moment."""
    rows = len(sample.matrix)
    return {
        "task": task.name,
        "kind": task.kind,
        "chosen": f"k={choice.best.k}",
        "promoted": choice.promoted,
        "reason": choice.reason,
        "seed": seed,
        "params": {"k": choice.best.k},
        "data_fingerprint": sample.fingerprint,
        "n_train": rows - rows // 2,
        "n_test": rows // 2,
        "baseline": BASELINE,
        "seconds": seconds,
        "details": {
            "how": "chosen on one half of a sample of users, judged on the other",
            "why": choice.why,
            "rule": RULE,
            "min_stability": task.min_stability,
        },
    }

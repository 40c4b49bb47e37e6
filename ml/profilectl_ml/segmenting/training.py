"""Training a clustering: choose the number on one half of a sample, judge on the other, assign everyone."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.artefacts import FORMAT_VERSION
from profilectl_ml.evaluation import Metric
from profilectl_ml.registry import LoadedModel, StoredModel, save_model, save_run, transaction
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.segmenting.choosing import Tried, bands, choose_k, cluster, silhouette, try_k
from profilectl_ml.segmenting.naming import Profile, describe, give_names, match, profiles
from profilectl_ml.segmenting.reading import Everyone, layout_of, read_everyone
from profilectl_ml.segmenting.scaling import ScaledFeatures
from profilectl_ml.segmenting.task import ClusteringTask, to_details
from profilectl_ml.segmenting.writing import earlier_segments, write_metrics, write_profiles, write_segments

Progress = Callable[[float, str], None]
Floats = NDArray[np.float64]
# Segments of more users are no better known, and the number is chosen by clustering many times over.
MAX_USERS = 10_000
BASELINE = "bands"


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
    test: dict[str, dict[str, Metric]]
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
    silhouette. On the other half the clustering is held against bands of equally many users by the value
    column (or the first feature): if the bands separate users better, they serve.

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
        If the mart or a column is missing, or there are too few users.
    """
    with threadpool_limits(1):
        return _train(connection, task, task.seed if seed is None else seed, progress or _silent)


def _silent(share: float, message: str) -> None:
    """Tell nobody."""


def _train(
    connection: duckdb.DuckDBPyConnection, task: ClusteringTask, seed: int, tell: Progress
) -> SegmentResult:
    started, now = time.monotonic(), datetime.now(UTC).replace(tzinfo=None)
    tell(0.0, "reading features")
    everyone = read_everyone(connection, task)
    sample = _sample(everyone)
    learnt, judged = sample[::2], sample[1::2]
    scaling = ScaledFeatures(list(task.transforms)).fit(everyone.matrix[sample])
    points = scaling.transform(everyone.matrix)

    # More segments than would hold ten users each are not tried.
    most = max(task.least_k, min(task.most_k, len(learnt) // 10))
    numbers, tried = range(task.least_k, most + 1), []
    for place, k in enumerate(numbers):
        tell(0.05 + 0.75 * place / len(numbers), f"trying {k} segments")
        tried.append(try_k(points[learnt], k, seed))
    best, why = choose_k(tried, task.min_stability)

    tell(0.8, "judging")
    value = everyone.matrix[:, 0] if everyone.value is None else everyone.value
    naive = bands(value[learnt], best.k)
    test = _judge(points, learnt, judged, best.k, seed, naive(value[judged]))
    chosen = f"k={best.k}"
    ours, theirs = (test[name]["silhouette"].value for name in (chosen, BASELINE))
    promoted = ours > theirs
    figures = (
        f"silhouette {ours:.3f} against {theirs:.3f} of {best.k} bands of {task.value or task.columns[0]}"
    )
    reason = f"{why}; {figures}" + ("" if promoted else "; the bands serve")

    tell(0.85, "assigning and describing")
    centres = cluster(points[sample], best.k, seed)
    numbered = centres.predict(points).astype(np.int64) if promoted else naive(value)
    apart = points - _centres(points, numbered, best.k)[numbered]
    before, taken = earlier_segments(connection, task.name, everyone.users)
    found = profiles(task.columns, everyone.matrix, points, numbered, best.k, everyone.value)
    give_names(found, match(numbered, before), taken)
    for profile in found:
        profile.description = describe(profile, task.value)
    names = {profile.number: profile.name for profile in found}

    run_id = f"{task.name}-{now:%Y%m%dT%H%M%S%f}"
    serving = chosen if promoted else BASELINE
    model_id = f"{run_id}-{serving}"
    stored = StoredModel(model_id, run_id, task.name, task.kind, serving, FORMAT_VERSION, now, serving=True)
    pipeline = Pipeline([("scale", scaling), ("cluster", centres)])
    details: dict[str, Any] = {"task": to_details(task), "names": names, "seed": seed}
    seconds = time.monotonic() - started
    validation = {f"k={t.k}": {"silhouette": t.silhouette, "stability": t.stability} for t in tried}
    with transaction(connection):
        create_ml_tables(connection)
        save_run(
            connection,
            {
                "run_id": run_id,
                "task": task.name,
                "kind": task.kind,
                "created_at": now,
                "chosen": chosen,
                "promoted": promoted,
                "reason": reason,
                "seed": seed,
                "params": {"k": best.k},
                "data_fingerprint": _fingerprint(everyone),
                "n_train": len(learnt),
                "n_test": len(judged),
                "baseline": BASELINE,
                "seconds": seconds,
                "details": {
                    "why": why,
                    "how": "chosen on one half of a sample of users, judged on the other",
                },
            },
        )
        save_model(connection, LoadedModel(stored, pipeline, None, layout_of(task), details), reason=reason)
        write_metrics(connection, run_id, task.name, "validation", validation)
        write_metrics(connection, run_id, task.name, "test", test)
        distances = np.sqrt((apart * apart).sum(axis=1))
        named = np.array([names[number] for number in numbered.tolist()], dtype=object)
        write_segments(connection, task.name, model_id, everyone, named, distances, now)
        write_profiles(connection, task.name, model_id, found)
    tell(1.0, "done")
    return SegmentResult(run_id, model_id, task.name, chosen, promoted, reason, found, tried, test, seconds)


def _judge(
    points: Floats,
    learnt: NDArray[np.int64],
    judged: NDArray[np.int64],
    k: int,
    seed: int,
    naive: NDArray[np.int64],
) -> dict[str, dict[str, Metric]]:
    """Return silhouette and stability on the rows that chose nothing, of the clustering and of the bands."""
    ours = cluster(points[learnt], k, seed).predict(points[judged])
    again = cluster(points[judged], k, seed).labels_
    agreement = float(adjusted_rand_score(ours, again))
    return {
        f"k={k}": {
            "silhouette": silhouette(points[judged], ours, seed),
            "stability": Metric(agreement, agreement, agreement),
        },
        # Where a band begins hardly moves with the sample.
        BASELINE: {"silhouette": silhouette(points[judged], naive, seed)},
    }


def _sample(everyone: Everyone) -> NDArray[np.int64]:
    """Return positions of at most ``MAX_USERS`` users, by the id alone, in an order that is no order."""
    keys = [
        hashlib.md5(user.encode(), usedforsecurity=False).hexdigest() for user in everyone.users.to_pylist()
    ]
    return np.argsort(np.array(keys), kind="stable")[:MAX_USERS].astype(np.int64)


def _centres(points: Floats, labels: NDArray[np.int64], k: int) -> Floats:
    """Return the mean of each segment's points, shape ``(k, features)``; zeros for an empty one."""
    sums = np.zeros((k, points.shape[1]))
    np.add.at(sums, labels, points)
    return sums / np.maximum(np.bincount(labels, minlength=k), 1)[:, None]


def _fingerprint(everyone: Everyone) -> str:
    digest = hashlib.md5("\n".join(everyone.users.to_pylist()).encode(), usedforsecurity=False)
    digest.update(np.ascontiguousarray(everyone.matrix).tobytes())
    return digest.hexdigest()

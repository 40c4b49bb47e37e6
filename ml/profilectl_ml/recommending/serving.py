"""Recommendations for every user with history, with what each rests on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.recommending.fitting import allowed_items
from profilectl_ml.recommending.ranking import best
from profilectl_ml.recommending.rerank import Blend, pool_of, tops_of
from profilectl_ml.recommending.signals import Fitted, strengths
from profilectl_ml.recommending.task import RecommendationTask

Tell = Callable[[float], None]
Matrix = NDArray[np.float64]


def recommend(
    task: RecommendationTask, fitted: Fitted, candidate: str, blend: Blend | None, tell: Tell
) -> pa.Table:
    """Return ``user_no, rank, item_no, score, because_no, times`` for all users of the history.

    ``because_no`` is the user's own item that adds most to the score, null where nothing does;
    ``times`` is how often the user had the item, nought for a new one.

    Raises
    ------
    ProfilectlError
        If a score is not a finite number.
    """
    history, parts = fitted.history, []
    times = history.matrix("times")
    own_values = strengths(history, "log")
    users = np.arange(history.shape[0])
    for batch in fitted.batches(users):
        scores = _scores(task, fitted, candidate, blend, batch)
        top = best(scores, task.k)
        taken = np.take_along_axis(scores, top, axis=1)
        kept = np.isfinite(taken)
        if np.isnan(taken).any() or np.isposinf(taken).any():
            raise ProfilectlError(f"task {task.name}: {candidate} gave a score that is not a finite number")
        had = np.take_along_axis(times[batch].toarray(), top, axis=1)
        because = np.full(top.shape, -1, dtype=np.int64)
        if not candidate.startswith(("popularity", "personal")):
            for at, user in enumerate(batch):
                span = slice(history.indptr[user], history.indptr[user + 1])
                because[at] = _because(fitted, history.indices[span], own_values[span], top[at])
        row, rank = np.nonzero(kept)
        reason = because[row, rank]
        parts.append(
            pa.table(
                {
                    "user_no": pa.array(batch[row], pa.int32()),
                    "rank": pa.array(rank + 1, pa.int32()),
                    "item_no": pa.array(top[row, rank], pa.int32()),
                    "score": pa.array(taken[row, rank].astype(np.float64)),
                    "because_no": pa.array(reason, pa.int32(), mask=reason < 0),
                    "times": pa.array(had[row, rank].astype(np.float64)),
                }
            )
        )
        tell(float((batch[-1] + 1) / len(users)))
    return pa.concat_tables(parts)


def _scores(
    task: RecommendationTask, fitted: Fitted, candidate: str, blend: Blend | None, batch: NDArray[np.int64]
) -> Matrix:
    """Return scores ``(users, items)``, minus infinity for what is not to be recommended."""
    signals = fitted.batch(batch)
    allowed = allowed_items(fitted.history, batch, task.repeats)
    if candidate != "blend":
        return np.where(allowed, signals[candidate].astype(np.float64), -np.inf)
    assert blend is not None  # noqa: S101 - it was fitted before it could be chosen
    pool = pool_of(fitted.history, batch, signals, tops_of(signals, allowed), allowed)
    scores = np.full(allowed.shape, -np.inf)
    # The precision that judging had, so that what serves is what was judged.
    scores[pool.user, pool.item] = blend.scores(pool.features.astype(np.float32).astype(np.float64))
    return scores


def _because(
    fitted: Fitted, own: NDArray[np.int32], values: NDArray[np.float32], to: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the item among ``own`` that speaks most for each of ``to``, -1 where none does."""
    if fitted.ease is not None:
        part = fitted.ease.contributions(own, to)
    else:
        similar = fitted.similar if fitted.similar is not None else fitted.following
        if similar is None:
            return np.full(len(to), -1, dtype=np.int64)
        part = similar[own][:, to].toarray()
    weighed = part * values[:, None]
    strongest = weighed.argmax(axis=0)
    found = own[strongest].astype(np.int64)
    return np.where(weighed[strongest, np.arange(len(to))] > 0, found, -1)

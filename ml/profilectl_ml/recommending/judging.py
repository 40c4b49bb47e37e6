"""How good each candidate is on what was held out, user by user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profilectl_ml.evaluation import Metric, mean_interval
from profilectl_ml.recommending.fitting import allowed_items, sample
from profilectl_ml.recommending.ranking import FIGURES, RECALL_AT, figures
from profilectl_ml.recommending.rerank import Blend, fit_blend, pool_of, tops_of
from profilectl_ml.recommending.signals import Fitted
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.splits import user_groups

# More users narrow no interval that matters, and the features of their pools would fill the memory.
MAX_USERS = 2_000
STORED = {"ndcg": "ndcg_at_10", "recall": "recall_at_20"}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What the signals made of the held-out part.

    Attributes
    ----------
    users
        Ids of the users judged: those of the history that had something allowed, shape ``(users,)``.
    figures
        Per signal, ``(users, 2)``: NDCG@10 and Recall@20.
    user, item, had
        The blend's pool: position in ``users``, item, and whether it was had, each ``(pairs,)``.
    features, names
        ``(pairs, features)`` and the features' names.
    relevant
        How many items each user had, shape ``(users,)``.
    """

    users: NDArray[np.object_]
    figures: dict[str, Floats]
    user: NDArray[np.int64]
    item: NDArray[np.int64]
    had: NDArray[np.bool_]
    features: NDArray[np.float32]
    names: tuple[str, ...]
    relevant: NDArray[np.int64]

    def blended(self, scores: Floats) -> Floats:
        """Return the figures of ranking each user's pool by ``scores``, shape ``(users, 2)``."""
        order = np.lexsort((self.item, -scores, self.user))
        starts = np.searchsorted(self.user, np.arange(len(self.users)))
        place = np.arange(len(order)) - starts[self.user[order]]
        top = place < RECALL_AT
        hits = np.zeros((len(self.users), RECALL_AT), dtype=bool)
        hits[self.user[order][top], place[top]] = self.had[order][top]
        return figures(hits, self.relevant)


def look(task: RecommendationTask, fitted: Fitted, truth: Any) -> Seen:
    """Score the users that had something, signal by signal, and collect the blend's pool."""
    relevant = np.asarray(truth.sum(axis=1)).ravel().astype(np.int64)
    users = sample(fitted.history, len(relevant))
    users = users[relevant[users] > 0]
    if len(users) > MAX_USERS:
        few = np.argsort(user_groups(fitted.history.users[users], 2**31 - 1), kind="stable")[:MAX_USERS]
        users = users[np.sort(few)]
    found: dict[str, list[Floats]] = {}
    pairs, done = [], 0
    for batch in fitted.batches(users):
        signals = fitted.batch(batch)
        allowed = allowed_items(fitted.history, batch, task.repeats)
        actual = truth[batch].toarray()
        tops = tops_of(signals, allowed)
        for name, top in tops.items():
            # What is not allowed may fill up a short list, and was not had: the truth leaves it out.
            hits = np.take_along_axis(actual, top[:, :RECALL_AT], axis=1)
            found.setdefault(name, []).append(figures(hits, relevant[batch]))
        pool = pool_of(fitted.history, batch, signals, tops, allowed)
        had = actual[pool.user, pool.item]
        pairs.append((pool.user + done, pool.item, had, pool.features.astype(np.float32), pool.names))
        done += len(batch)
    user, item, had, features = (np.concatenate([part[i] for part in pairs]) for i in range(4))
    by_signal = {name: np.concatenate(parts) for name, parts in found.items()}
    chosen = fitted.history.users[users]
    return Seen(chosen, by_signal, user, item, had, features, pairs[0][4], relevant[users])


def blend_of(seen: Sequence[Seen], group: int | None = None) -> Blend | None:
    """Fit a blend on the pools of everything seen, or only on the users of all groups but one."""
    kept = [
        np.ones(len(one.user), dtype=bool) if group is None else (user_groups(one.users)[one.user] != group)
        for one in seen
    ]
    features = np.concatenate([one.features[keep] for one, keep in zip(seen, kept, strict=True)])
    had = np.concatenate([one.had[keep] for one, keep in zip(seen, kept, strict=True)])
    # Between every pair alike (heavy users decide) and every user alike (a single pair weighs most).
    weight = np.concatenate(
        [one.relevant[one.user[keep]] ** -0.5 for one, keep in zip(seen, kept, strict=True)]
    )
    return fit_blend(seen[0].names, features.astype(np.float64), had, weight) if len(had) else None


def crossed(seen: Seen) -> Floats | None:
    """Return the blend's figures where no user is judged by weights that were fitted on that user."""
    group = user_groups(seen.users)[seen.user]
    scores = np.zeros(len(group))
    for number in np.unique(group):
        blend = blend_of([seen], int(number))
        if blend is None:
            return None
        scores[group == number] = blend.scores(seen.features[group == number].astype(np.float64))
    return seen.blended(scores)


def metrics_of(values: dict[str, Floats], seed: int) -> dict[str, dict[str, Metric]]:
    """Return each candidate's mean figures, by the names stored in ``ml.metrics``.

    The 95 % intervals come from resampling users, the same ones for all candidates.
    """
    bounds = mean_interval(np.concatenate(list(values.values()), axis=1), seed=seed)
    point, low, high = (part.reshape(len(values), len(FIGURES)) for part in bounds)
    return {
        candidate: {
            STORED[name]: Metric(float(point[row, i]), float(low[row, i]), float(high[row, i]))
            for i, name in enumerate(FIGURES)
        }
        for row, candidate in enumerate(values)
    }

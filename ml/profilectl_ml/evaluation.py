"""How good predictions are, with intervals from resampling users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profilectl_ml import metrics_classification, metrics_regression
from profilectl_ml.metrics_classification import Ranked

Floats = NDArray[np.float64]
_MANY_ROWS = 2000
_CELLS = 4_000_000  # weights held at once: 32 MB
_DRAWS = 200_000_000  # beyond this many draws fewer repetitions are made, never below 200


@dataclass(frozen=True)
class Metric:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def evaluate(
    actual: Floats,
    predicted: Floats,
    users: NDArray[np.int64],
    *,
    seed: int,
    repetitions: int = 1000,
    kind: str = "regression",
    threshold: float = 0.5,
    costs: tuple[float, float] = (1.0, 1.0),
) -> dict[str, Metric]:
    """Return a kind's metrics with percentile bootstrap intervals.

    Users, not rows, are resampled, since the rows of one user are alike.

    Parameters
    ----------
    actual, predicted
        Shape ``(rows,)``, in the label's unit; for classification 0 or 1 and the probability of 1.
    users
        Number of each row's user, shape ``(rows,)``.
    seed
        Seed of the resampling.
    repetitions
        How many resamples; fewer (at least 200) for very many users.
    kind
        ``regression`` or ``classification``.
    threshold, costs
        Of classification: see :class:`profilectl_ml.metrics_classification.Ranked`.
    """
    _, number = np.unique(users, return_inverse=True)
    count = int(number.max()) + 1
    names: tuple[str, ...]
    if kind == "classification":
        names = metrics_classification.METRICS
        ranked = Ranked(actual, predicted, threshold, costs)
        point = ranked.metrics(np.ones((1, len(actual))))
        # Sorting and adding up every row of every resample: a quarter of them tells the interval as well.
        repetitions = max(repetitions // 4, 200) if len(actual) > _MANY_ROWS else repetitions
        drawn = [
            ranked.metrics(w[:, number]) for w in _weights(count, seed, repetitions, max(len(actual), count))
        ]
    else:
        names = metrics_regression.METRICS
        sums = metrics_regression.sums_per_user(actual, predicted, users)
        point = metrics_regression.metrics(sums.sum(axis=0, keepdims=True))
        drawn = [metrics_regression.metrics(w @ sums) for w in _weights(count, seed, repetitions, count)]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975], axis=0)
    return {name: Metric(float(point[0, i]), float(low[i]), float(high[i])) for i, name in enumerate(names)}


def mean_interval(values: Floats, *, seed: int, repetitions: int = 1000) -> tuple[Floats, Floats, Floats]:
    """Return mean, low and high (95 %) of each column of ``values``, shape ``(users, columns)``."""
    draws = np.concatenate(
        [
            (w @ values) / w.sum(axis=1, keepdims=True)
            for w in _weights(len(values), seed, repetitions, len(values))
        ]
    )
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return values.mean(axis=0), low, high


def _weights(users: int, seed: int, repetitions: int, width: int) -> Iterator[Floats]:
    """Yield how often each user is drawn, in blocks of shape ``(resamples, users)``.

    ``width`` is the number of cells that a resample takes in whatever is made of it.
    """
    rng = np.random.default_rng(seed)
    total = max(min(repetitions, _DRAWS // users), min(repetitions, 200))
    block = max(1, _CELLS // width)
    for start in range(0, total, block):
        counts = rng.multinomial(users, np.full(users, 1.0 / users), size=min(block, total - start))
        yield counts.astype(np.float64)

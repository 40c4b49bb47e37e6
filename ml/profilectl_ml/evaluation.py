"""How good predictions are, with intervals from resampling users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
METRICS = ("mse", "rmse", "mae", "r2", "spearman")
_CELLS = 4_000_000  # weights held at once: 32 MB
_DRAWS = 200_000_000  # beyond this many draws fewer repetitions are made, never below 200


@dataclass(frozen=True)
class Metric:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def evaluate(
    actual: Floats, predicted: Floats, users: NDArray[np.int64], *, seed: int, repetitions: int = 1000
) -> dict[str, Metric]:
    """Return MSE, RMSE, MAE, R² and Spearman's correlation with percentile bootstrap intervals.

    Users, not rows, are resampled, since the rows of one user are alike. Ranks are those of the whole
    sample, so a resample's Spearman is a weighted correlation of ranks (exact but for ties between copies).

    Parameters
    ----------
    actual, predicted
        Shape ``(rows,)``, in the label's unit.
    users
        Number of each row's user, shape ``(rows,)``.
    seed
        Seed of the resampling.
    repetitions
        How many resamples; fewer (at least 200) for very many users.
    """
    sums = _sums_per_user(actual, predicted, users)
    point = _metrics(sums.sum(axis=0, keepdims=True))
    draws = np.concatenate([_metrics(w @ sums) for w in _weights(len(sums), seed, repetitions)])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return {name: Metric(float(point[0, i]), float(low[i]), float(high[i])) for i, name in enumerate(METRICS)}


def mean_interval(values: Floats, *, seed: int, repetitions: int = 1000) -> tuple[Floats, Floats, Floats]:
    """Return mean, low and high (95 %) of each column of ``values``, shape ``(users, columns)``."""
    draws = np.concatenate(
        [(w @ values) / w.sum(axis=1, keepdims=True) for w in _weights(len(values), seed, repetitions)]
    )
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return values.mean(axis=0), low, high


@dataclass(frozen=True)
class Importance:
    """How much the RMSE rises when one feature is shuffled, in the label's unit, with a 95 % interval."""

    feature: str
    importance: float
    low: float
    high: float


def permutation_importance(
    predict: Callable[[Floats], Floats],
    matrix: Floats,
    actual: Floats,
    names: tuple[str, ...],
    *,
    seed: int,
    repeats: int = 2,
    max_rows: int = 1500,
) -> list[Importance]:
    """Return every feature's importance, the largest first, ties by name.

    Parameters
    ----------
    predict
        Maps ``(rows, features)`` to ``(rows,)``.
    matrix, actual
        Rows that the model has not learnt from, one per user.
    names
        Names of the columns.
    seed
        Seed of shuffling and resampling.
    repeats, max_rows
        How often each feature is shuffled, and how many rows (evenly spread) are used.
    """
    if len(matrix) > max_rows:
        pick = np.linspace(0, len(matrix) - 1, max_rows).astype(np.int64)
        matrix, actual = matrix[pick], actual[pick]
    rng = np.random.default_rng(seed)
    before = (actual - predict(matrix)) ** 2
    rises = np.zeros((len(matrix), len(names)))
    for j in range(len(names)):
        stacked = np.tile(matrix, (repeats, 1))
        stacked[:, j] = np.concatenate([rng.permutation(matrix[:, j]) for _ in range(repeats)])
        if np.array_equal(stacked[:, j], np.tile(matrix[:, j], repeats), equal_nan=True):
            continue
        after = (np.tile(actual, repeats) - predict(stacked)) ** 2
        rises[:, j] = after.reshape(repeats, -1).mean(axis=0) - before
    mse = float(before.mean())
    as_rmse = [
        np.sqrt(np.clip(mse + part, 0.0, None)) - np.sqrt(mse) for part in mean_interval(rises, seed=seed)
    ]
    found = [Importance(n, *(float(part[j]) for part in as_rmse)) for j, n in enumerate(names)]
    return sorted(found, key=lambda item: (-item.importance, item.feature))


def _sums_per_user(actual: Floats, predicted: Floats, users: NDArray[np.int64]) -> Floats:
    error = actual - predicted
    # Centred first: otherwise variances are small differences of large sums.
    y = actual - actual.mean()
    a, p = (r - r.mean() for r in (rankdata(actual), rankdata(predicted)))
    ones = np.ones_like(actual)
    terms = np.stack([ones, error**2, np.abs(error), y, y * y, a, p, a * a, p * p, a * p], axis=1)
    _, number = np.unique(users, return_inverse=True)
    sums = np.zeros((int(number.max()) + 1, terms.shape[1]))
    np.add.at(sums, number, terms)
    return sums


def _metrics(sums: Floats) -> Floats:
    n, sse, sae, y, yy, a, p, aa, pp, ap = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mse = sse / n
        r2 = 1.0 - sse / (yy - y * y / n)
        spearman = (ap - a * p / n) / np.sqrt((aa - a * a / n) * (pp - p * p / n))
    # Constant predictions (or labels) order nothing and explain nothing: zero, not NaN.
    r2, spearman = (np.where(np.isfinite(part), part, 0.0) for part in (r2, spearman))
    return np.stack([mse, np.sqrt(mse), sae / n, r2, spearman], axis=1)


def _weights(users: int, seed: int, repetitions: int) -> Iterator[Floats]:
    """Yield how often each user is drawn, in blocks of shape ``(resamples, users)``."""
    rng = np.random.default_rng(seed)
    total = max(min(repetitions, _DRAWS // users), min(repetitions, 200))
    block = max(1, _CELLS // users)
    for start in range(0, total, block):
        counts = rng.multinomial(users, np.full(users, 1.0 / users), size=min(block, total - start))
        yield counts.astype(np.float64)

"""How good amounts are: squared and absolute error, explained variance and order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
METRICS = ("mse", "rmse", "mae", "r2", "spearman")


def sums_per_user(actual: Floats, predicted: Floats, users: NDArray[np.int64]) -> Floats:
    """Return what the metrics are made of, summed per user, shape ``(users, terms)``.

    Ranks are those of the whole sample, so a resample's Spearman is a weighted correlation of ranks (exact
    but for ties between copies).
    """
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


def metrics(sums: Floats) -> Floats:
    """Return ``METRICS`` of each row of summed terms, shape ``(rows, len(METRICS))``."""
    n, sse, sae, y, yy, a, p, aa, pp, ap = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mse = sse / n
        r2 = 1.0 - sse / (yy - y * y / n)
        spearman = (ap - a * p / n) / np.sqrt((aa - a * a / n) * (pp - p * p / n))
    # Constant predictions (or labels) order nothing and explain nothing: zero, not NaN.
    r2, spearman = (np.where(np.isfinite(part), part, 0.0) for part in (r2, spearman))
    return np.stack([mse, np.sqrt(mse), sae / n, r2, spearman], axis=1)

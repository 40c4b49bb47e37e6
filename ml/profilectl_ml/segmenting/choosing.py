"""How many segments: among the numbers that find themselves again, the one that separates best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from profilectl_ml.evaluation import Metric

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Make = Callable[[int], Any]
RESAMPLES, SHARE = 8, 0.8
_SILHOUETTE_ROWS = 2500
_WIDE = 1.96
RULE = (
    "best silhouette among the numbers of segments whose stability reaches the threshold, or lies within one"
    " standard error of the best where none does; stability is the mean adjusted Rand index between the"
    f" clusterings of {RESAMPLES} samples of {SHARE:.0%}, each pair on the rows that both hold"
)


@dataclass(frozen=True)
class Tried:
    """One number of segments.

    Attributes
    ----------
    k
        The number.
    silhouette
        Mean silhouette (Rousseeuw 1987), -1 to 1, with the 95 % interval of the mean.
    stability
        Mean adjusted Rand index (Hubert and Arabie 1985) between clusterings of samples, at most 1, with the
        95 % interval of a jackknife over the samples.
    """

    k: int
    silhouette: Metric
    stability: Metric

    @property
    def error(self) -> float:
        """Standard error of the stability."""
        return (self.stability.value - self.stability.low) / _WIDE


def try_k(points: Floats, k: int, make: Make, seed: int) -> Tried:
    """Return how well ``k`` segments separate ``points``, and find themselves again.

    ``make(seed)`` returns a new clusterer of ``k`` segments.
    """
    whole = make(seed).fit(points).labels_
    return Tried(k, silhouette(points, whole, seed), stability(points, make, seed))


def stability(points: Floats, make: Make, seed: int) -> Metric:
    """Return how far the clusterings of samples of 80 % agree on the rows that two of them share."""
    rng, rows = np.random.default_rng(seed), len(points)
    labels = np.full((RESAMPLES, rows), -1, dtype=np.int64)
    for number in range(RESAMPLES):
        part = np.sort(rng.choice(rows, int(rows * SHARE), replace=False))
        # Another seed each: that a clustering depends on where it starts is part of being unstable.
        labels[number, part] = make(seed + number).fit(points[part]).labels_
    pairs = list(combinations(range(RESAMPLES), 2))
    found = np.array([_agreement(labels[a], labels[b]) for a, b in pairs])
    mean = float(found.mean())
    # Pairs that share a sample are not independent: leave out one sample at a time, not one pair.
    without = np.array([found[[n not in pair for pair in pairs]].mean() for n in range(RESAMPLES)])
    error = float(np.sqrt((RESAMPLES - 1) / RESAMPLES * ((without - without.mean()) ** 2).sum()))
    return Metric(mean, mean - _WIDE * error, min(1.0, mean + _WIDE * error))


def _agreement(one: Labels, other: Labels) -> float:
    both = (one >= 0) & (other >= 0)
    return float(adjusted_rand_score(one[both], other[both]))


def choose_k(tried: list[Tried], min_stability: float) -> tuple[Tried, str]:
    """Return the chosen number and why, by ``RULE``."""
    most = max(tried, key=lambda t: (t.stability.value, -t.k))
    bar = min_stability
    if most.stability.value < bar:
        bar = most.stability.value - most.error
    stable = [t for t in tried if t.stability.value >= bar]
    best = max(stable, key=lambda t: (t.silhouette.value, -t.k))
    why = (
        f"{best.k} segments separate best (silhouette {best.silhouette.value:.3f}, stability"
        f" {best.stability.value:.3f}) among the {len(stable)} of {len(tried)} numbers with a stability of"
        f" {bar:.2f} or more"
    )
    if bar < min_stability:
        why += f"; none reaches {min_stability:g}"
    return best, why


def silhouette(points: Floats, labels: Labels, seed: int) -> Metric:
    """Return the mean silhouette, on a fixed sample where there are many rows; 0 for a single segment."""
    if len(points) > _SILHOUETTE_ROWS:
        pick = np.sort(np.random.default_rng(seed).choice(len(points), _SILHOUETTE_ROWS, replace=False))
        points, labels = points[pick], labels[pick]
    if not 2 <= len(np.unique(labels)) < len(labels):
        return Metric(0.0, 0.0, 0.0)
    values = silhouette_samples(points, labels)
    error = _WIDE * float(values.std()) / len(values) ** 0.5
    mean = float(values.mean())
    return Metric(mean, mean - error, mean + error)

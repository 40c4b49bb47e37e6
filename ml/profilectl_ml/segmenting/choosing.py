"""How many segments: among the numbers that find themselves again, the one that separates best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from profilectl_ml.evaluation import Metric

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
RESAMPLES, SHARE = 10, 0.8
_SILHOUETTE_ROWS = 2500
_STARTS = 10


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
        Mean adjusted Rand index (Hubert and Arabie 1985) between the clustering of all rows and those of
        80 % of them, at most 1, with the range of the resamples.
    """

    k: int
    silhouette: Metric
    stability: Metric


def cluster(points: Floats, k: int, seed: int) -> KMeans:
    """Return k-means fitted on ``points``, shape ``(rows, features)``; the best of ten starts."""
    return KMeans(n_clusters=k, n_init=_STARTS, random_state=seed).fit(points)


def try_k(points: Floats, k: int, seed: int) -> Tried:
    """Return how well ``k`` segments separate ``points`` and find themselves again."""
    whole = cluster(points, k, seed).labels_
    rng = np.random.default_rng(seed)
    found = []
    for number in range(RESAMPLES):
        part = np.sort(rng.choice(len(points), int(len(points) * SHARE), replace=False))
        found.append(adjusted_rand_score(whole[part], cluster(points[part], k, seed + number).labels_))
    stability = Metric(float(np.mean(found)), float(np.min(found)), float(np.max(found)))
    return Tried(k, silhouette(points, whole, seed), stability)


def choose_k(tried: list[Tried], min_stability: float) -> tuple[Tried, str]:
    """Return the chosen number and why: the best silhouette among the stable ones, or the most stable."""
    stable = [t for t in tried if t.stability.value >= min_stability]
    if not stable:
        best = max(tried, key=lambda t: (t.stability.value, -t.k))
        return best, (
            f"no number of segments reaches a stability of {min_stability:g}; {best.k} come closest"
            f" with {best.stability.value:.2f}"
        )
    best = max(stable, key=lambda t: (t.silhouette.value, -t.k))
    return best, (
        f"{best.k} segments separate best (silhouette {best.silhouette.value:.3f}) among the {len(stable)} of"
        f" {len(tried)} numbers with a stability of {min_stability:g} or more"
    )


def silhouette(points: Floats, labels: Labels, seed: int) -> Metric:
    """Return the mean silhouette, on a fixed sample where there are many rows; 0 for a single segment."""
    if len(points) > _SILHOUETTE_ROWS:
        pick = np.sort(np.random.default_rng(seed).choice(len(points), _SILHOUETTE_ROWS, replace=False))
        points, labels = points[pick], labels[pick]
    if not 2 <= len(np.unique(labels)) < len(labels):
        return Metric(0.0, 0.0, 0.0)
    values = silhouette_samples(points, labels)
    error = 1.96 * float(values.std()) / np.sqrt(len(values))
    mean = float(values.mean())
    return Metric(mean, mean - error, mean + error)


def bands(value: Floats, k: int) -> Callable[[Floats], Labels]:
    """Return the naive segmentation: ``k`` bands of equally many users by one column."""
    known = value[~np.isnan(value)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, k + 1)[1:-1])) if len(known) else np.empty(0)

    def assign(values: Floats) -> Labels:
        return np.searchsorted(edges, np.nan_to_num(values), side="left").astype(np.int64)

    return assign

"""The two ways to segment users: k-means, and the bands of one column that a person would cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from profilectl_ml.segmenting.scaling import ScaledFeatures
from profilectl_ml.segmenting.task import ClusteringTask

_STARTS = 10


class Bands(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Bands of equally many rows by one column.

    Parameters
    ----------
    n_clusters
        How many; fewer come out where many rows hold the same value.
    column
        Position of the column.

    Examples
    --------
    >>> Bands(2).fit([[1.0], [2.0], [3.0], [4.0]]).labels_.tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, n_clusters: int = 3, column: int = 0) -> None:
        self.n_clusters = n_clusters
        self.column = column

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Bands:
        """Learn where the bands of ``X``, shape ``(rows, columns)``, end."""
        values = validate_data(self, X, dtype=np.float64)
        column = values[:, self.column]
        # The edges are values of rows, not means of two: ties then fall on one side on every machine.
        shares = np.linspace(0, 1, self.n_clusters + 1)[1:-1]
        edges = np.unique(np.quantile(column, shares, method="lower"))
        # Nobody is above the largest value: a band from there would be empty.
        self.edges_ = edges[edges < column.max()]
        self.labels_ = self._number(values)
        self.cluster_centers_ = np.array(
            [values[self.labels_ == number].mean(axis=0) for number in range(len(self.edges_) + 1)]
        )
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return each row's band, 0 for the lowest values, shape ``(rows,)``."""
        check_is_fitted(self)
        return self._number(validate_data(self, X, reset=False, dtype=np.float64))

    def _number(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.searchsorted(self.edges_, values[:, self.column], side="left").astype(np.int64)


def kmeans(k: int, seed: int) -> KMeans:
    """Return k-means with the best of ten starts, each followed until nobody moves any more.

    Stopping earlier, as the library does by default, leaves users wherever it happened to stop: samples of
    the same users agree less.
    """
    return KMeans(n_clusters=k, n_init=_STARTS, max_iter=1000, tol=0, random_state=seed)


def pipeline(task: ClusteringTask, clusterer: KMeans | Bands) -> Pipeline:
    """Return a clusterer behind the task's scaling, not fitted."""
    transforms = [feature.transform for feature in task.columns]
    return Pipeline([("scale", ScaledFeatures(transforms)), ("cluster", clusterer)])

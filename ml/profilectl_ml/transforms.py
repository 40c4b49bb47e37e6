"""Taming columns for models that multiply them: values far outside are kept near, long tails shortened."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]


class SignedLog(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Logarithm of 1 + the size, with the sign kept: twice as much is one step more, and zero stays zero.

    Examples
    --------
    >>> SignedLog().fit_transform([[0.0, 1 - np.e]])
    array([[ 0., -1.]])
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> SignedLog:
        """Remember the number of columns of ``X``, shape ``(rows, columns)``."""
        validate_data(self, X)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return the signed logarithms, shape ``(rows, columns)``."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, dtype=np.float64)
        return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")


class BoundedColumns(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clip each column to the bulk of its values, widened by a multiple of the bulk's width.

    A ratio whose denominator is nearly zero in one row of a new day would otherwise give a linear model's
    prediction any size at all.

    Parameters
    ----------
    tail
        Share of the values outside the bulk on each side.
    width
        By how many widths of the bulk values may lie outside of it. A column whose bulk is one single value
        is clipped to its least and largest value instead, widened in the same way.

    Examples
    --------
    >>> bounded = BoundedColumns(tail=0.0, width=1.0).fit([[0.0], [10.0]])
    >>> bounded.transform([[15.0], [1e16], [-99.0]]).ravel()
    array([ 15.,  20., -10.])
    """

    def __init__(self, tail: float = 0.001, width: float = 3.0) -> None:
        self.tail = tail
        self.width = width

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> BoundedColumns:
        """Find the bounds of ``X``, shape ``(rows, columns)``."""
        values = validate_data(self, X, dtype=np.float64)
        low, high = np.quantile(values, [self.tail, 1 - self.tail], axis=0)
        single = low == high
        low, high = np.where(single, values.min(axis=0), low), np.where(single, values.max(axis=0), high)
        self.low_, self.high_ = low - self.width * (high - low), high + self.width * (high - low)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return the clipped values, shape ``(rows, columns)``."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, dtype=np.float64)
        return np.asarray(np.clip(values, self.low_, self.high_), dtype=np.float64)

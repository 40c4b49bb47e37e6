"""Features on one scale, so that no unit decides who is alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]


class ScaledFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Median for what is missing, a transform per column, mean 0 and variance 1.

    Parameters
    ----------
    transforms
        ``none``, ``log`` or ``root`` for each column; ``none`` for all when None.

    Examples
    --------
    >>> ScaledFeatures(["log"]).fit_transform([[0.0], [np.e - 1]]).tolist()
    [[-1.0], [1.0]]
    """

    def __init__(self, transforms: Sequence[str] | None = None) -> None:
        self.transforms = transforms

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> ScaledFeatures:
        """Learn medians, means and spreads of ``X``, shape ``(rows, columns)``.

        Raises
        ------
        ValueError
            If there is not one known transform per column.
        """
        values = validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64)
        given = ["none"] * values.shape[1] if self.transforms is None else list(self.transforms)
        if len(given) != values.shape[1] or not set(given) <= {"none", "log", "root"}:
            raise ValueError(f"{values.shape[1]} columns need as many transforms, not {given}")
        self.transforms_ = given
        empty = np.isnan(values).all(axis=0)
        # An empty column has no median; zero makes it the same for everyone.
        self.median_ = np.nanmedian(np.where(empty, 0.0, values), axis=0)
        moved = self._moved(values)
        self.mean_ = moved.mean(axis=0)
        spread = moved.std(axis=0)
        self.scale_ = np.where(spread > 1e-12, spread, 1.0)
        return self

    def _moved(self, values: Floats) -> Floats:
        moved = np.where(np.isnan(values), self.median_, values)
        for place, name in enumerate(self.transforms_):
            size, sign = np.abs(moved[:, place]), np.sign(moved[:, place])
            if name != "none":
                moved[:, place] = sign * (np.log1p(size) if name == "log" else np.sqrt(size))
        return moved

    def transform(self, X: ArrayLike) -> Floats:
        """Return scaled features, shape ``(rows, columns)``."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float64)
        return np.asarray((self._moved(values) - self.mean_) / self.scale_, dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

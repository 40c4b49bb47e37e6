"""The few estimators scikit-learn lacks; each passes scikit-learn's own conformance checks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin, clone
from sklearn.feature_selection import SelectorMixin, SelectPercentile
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]


class ColumnLevel(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Predict one column times a factor: the rule of thumb a person would use.

    Parameters
    ----------
    column
        Position of the column in ``X``.
    factor
        What to multiply it with; a missing value counts as zero.

    Examples
    --------
    >>> ColumnLevel(column=1, factor=0.5).fit([[9, 4]], [2]).predict([[9, 4], [9, 6]])
    array([2., 3.])
    """

    def __init__(self, column: int = 0, factor: float = 1.0) -> None:
        self.column = column
        self.factor = factor

    def fit(self, X: ArrayLike, y: ArrayLike) -> ColumnLevel:
        """Check the input; there is nothing to learn.

        Parameters
        ----------
        X, y
            Shapes ``(rows, columns)`` and ``(rows,)``.

        Raises
        ------
        ValueError
            If ``X`` has no such column.
        """
        values, _ = validate_data(self, X, y, y_numeric=True, ensure_all_finite="allow-nan")
        if not 0 <= self.column < values.shape[1]:
            raise ValueError(f"column {self.column} is not one of the {values.shape[1]} columns")
        self.fitted_ = True
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return ``factor`` times the column, shape ``(rows,)``, in the column's unit."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return np.asarray(np.nan_to_num(values[:, self.column]) * self.factor, dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.regressor_tags.poor_score = True
        return tags


class RootRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Learn the square root of a non-negative target, then square and rescale.

    On the root scale large spenders weigh less, which lowers the absolute error; the one factor
    fitted afterwards (least squares on the training rows) takes back the bias of squaring.

    Parameters
    ----------
    estimator
        Regressor for the root of the target; ridge when None.
    """

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike) -> RootRegressor:
        """Fit on ``X``, shape ``(rows, columns)``, and ``y``, shape ``(rows,)``; negatives count as zero."""
        values, target = validate_data(self, X, y, y_numeric=True, ensure_all_finite="allow-nan")
        base = Ridge() if self.estimator is None else self.estimator
        self.estimator_ = clone(base).fit(values, np.sqrt(np.clip(target, 0.0, None)))
        squared = self._squared(values)
        norm = float(squared @ squared)
        self.scale_ = float(target @ squared) / norm if norm > 0 else 1.0
        return self

    def _squared(self, values: Floats) -> Floats:
        root = np.clip(np.asarray(self.estimator_.predict(values), dtype=np.float64), 0.0, None)
        return root * root

    def predict(self, X: ArrayLike) -> Floats:
        """Return predictions of shape ``(rows,)`` in the target's own unit."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return self._squared(values) * self.scale_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = _allows_nan(self.estimator)
        tags.regressor_tags.poor_score = True  # made for non-negative targets only
        return tags


class ResidualRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Fit one regressor, then a second on what the first leaves over; predict the sum.

    A linear model carries the trend (trees cannot go beyond what they saw), trees add the rest.

    Parameters
    ----------
    first, second
        Regressors; ridge when None.
    """

    def __init__(self, first: Any = None, second: Any = None) -> None:
        self.first = first
        self.second = second

    def fit(self, X: ArrayLike, y: ArrayLike) -> ResidualRegressor:
        """Fit both on ``X`` of shape ``(rows, columns)`` and ``y`` of shape ``(rows,)``."""
        values, target = validate_data(self, X, y, y_numeric=True, ensure_all_finite="allow-nan")
        self.first_ = clone(Ridge() if self.first is None else self.first).fit(values, target)
        left_over = target - self.first_.predict(values)
        self.second_ = clone(Ridge() if self.second is None else self.second).fit(values, left_over)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return the sum of both predictions, shape ``(rows,)``."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return np.asarray(self.first_.predict(values) + self.second_.predict(values), dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = _allows_nan(self.first) and _allows_nan(self.second)
        return tags


class LogRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Learn log(1 + target) of a non-negative target, then take it back and rescale.

    For long-tailed amounts and counts. Taking the logarithm back gives a median rather than a mean; the one
    factor fitted afterwards makes the predictions of the training rows add up to their labels again.

    Parameters
    ----------
    estimator
        Regressor for the logarithm of the target; ridge when None.
    """

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike) -> LogRegressor:
        """Fit on ``X``, shape ``(rows, columns)``, and ``y``, shape ``(rows,)``; negatives count as zero."""
        values, target = validate_data(self, X, y, y_numeric=True, ensure_all_finite="allow-nan")
        base = Ridge() if self.estimator is None else self.estimator
        logs = np.log1p(np.clip(target, 0.0, None))
        # No row may be predicted far beyond what was seen: an exponential runs away.
        self.ceiling_ = float(logs.max()) + 1.0
        self.estimator_ = clone(base).fit(values, logs)
        back = self._back(values)
        total = float(back.sum())
        self.scale_ = float(np.clip(target, 0.0, None).sum()) / total if total > 0 else 1.0
        return self

    def _back(self, values: Floats) -> Floats:
        logs = np.asarray(self.estimator_.predict(values), dtype=np.float64)
        return np.expm1(np.clip(logs, 0.0, self.ceiling_))

    def predict(self, X: ArrayLike) -> Floats:
        """Return predictions of shape ``(rows,)`` in the target's own unit."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return self._back(values) * self.scale_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = _allows_nan(self.estimator)
        tags.regressor_tags.poor_score = True  # made for non-negative targets only
        return tags


class NonNegativeTarget(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Fit a regressor on a target raised to zero, for losses that know no negative amounts (refunds, say).

    Parameters
    ----------
    estimator
        Regressor; ridge when None.
    """

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike) -> NonNegativeTarget:
        """Fit on ``X``, shape ``(rows, columns)``, and ``y``, shape ``(rows,)``; negatives count as zero."""
        values, target = validate_data(self, X, y, y_numeric=True, ensure_all_finite="allow-nan")
        base = Ridge() if self.estimator is None else self.estimator
        self.estimator_ = clone(base).fit(values, np.clip(target, 0.0, None))
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return predictions of shape ``(rows,)`` in the target's own unit."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return np.asarray(self.estimator_.predict(values), dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = _allows_nan(self.estimator)
        tags.regressor_tags.poor_score = True  # made for non-negative targets only
        return tags


class CalibratedModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of two classes whose log-odds are stretched and shifted by two given numbers.

    Platt's method with the two numbers learnt elsewhere, on predictions of rows that the classifier had not
    seen; see :func:`profilectl_ml.calibration.calibrate`.

    Parameters
    ----------
    estimator
        Classifier with ``predict_proba``; logistic regression when None.
    slope, intercept
        Log-odds become ``slope * log-odds + intercept``.
    """

    def __init__(self, estimator: Any = None, slope: float = 1.0, intercept: float = 0.0) -> None:
        self.estimator = estimator
        self.slope = slope
        self.intercept = intercept

    def fit(self, X: ArrayLike, y: ArrayLike) -> CalibratedModel:
        """Fit on ``X``, shape ``(rows, columns)``, and ``y``, shape ``(rows,)``, of two classes."""
        values, target = validate_data(self, X, y, ensure_all_finite="allow-nan")
        check_classification_targets(target)
        self.classes_ = np.unique(target)
        if len(self.classes_) != 2:
            raise ValueError(
                f"Only binary classification is supported. The label has {len(self.classes_)} class(es)"
            )
        base = LogisticRegression() if self.estimator is None else self.estimator
        self.estimator_ = clone(base).fit(values, target)
        self.slope_, self.intercept_ = float(self.slope), float(self.intercept)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return probabilities of shape ``(rows, 2)``."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        raw = np.clip(self.estimator_.predict_proba(values)[:, 1], 1e-12, 1 - 1e-12)
        odds = self.slope_ * np.log(raw / (1 - raw)) + self.intercept_
        one = expit(odds)
        return np.stack([1 - one, one], axis=1)

    def predict(self, X: ArrayLike) -> Any:
        """Return the likelier class of each row, shape ``(rows,)``."""
        likely = self.predict_proba(X)[:, 1] > 0.5
        return self.classes_[likely.astype(np.int64)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = _allows_nan(self.estimator)
        tags.classifier_tags.multi_class = False
        return tags


class SignedRoot(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Square root of the size with the sign kept: tames the long tail of money, and zero stays zero.

    Examples
    --------
    >>> SignedRoot().fit_transform([[4.0, -9.0]])
    array([[ 2., -3.]])
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> SignedRoot:
        """Remember the number of columns of ``X``, shape ``(rows, columns)``."""
        validate_data(self, X, ensure_all_finite="allow-nan")
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return the signed roots, shape ``(rows, columns)``; missing stays missing."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float64)
        return np.asarray(np.sign(values) * np.sqrt(np.abs(values)), dtype=np.float64)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class InformativeColumns(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Drop columns that (nearly) never vary and columns that repeat an earlier one.

    Parameters
    ----------
    min_distinct_share
        A column is near-constant if fewer than this share of rows differ from its median.
    max_correlation
        Of two columns correlated (absolute Pearson) above this, the later one goes.
    """

    def __init__(self, min_distinct_share: float = 0.001, max_correlation: float = 0.9995) -> None:
        self.min_distinct_share = min_distinct_share
        self.max_correlation = max_correlation

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> InformativeColumns:
        """Decide on ``X`` of shape ``(rows, columns)``; at least one column always stays."""
        values = validate_data(self, X, dtype=np.float64)
        centred = values - values.mean(axis=0)
        norms = np.sqrt((centred * centred).sum(axis=0))
        moving = (values != np.median(values, axis=0)).mean(axis=0) >= self.min_distinct_share
        keep = moving & (norms > 0)
        unit = centred / np.where(norms > 0, norms, 1.0)
        size = np.abs(unit.T @ unit)
        for later in range(values.shape[1]):
            if keep[later] and np.any(size[later, :later][keep[:later]] > self.max_correlation):
                keep[later] = False
        if not keep.any():
            keep[0] = True
        self.support_ = keep
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return np.asarray(self.support_)


class RelevantColumns(SelectPercentile):  # type: ignore[misc]
    """Keep the most relevant columns, and always the best one: half of a single column is none."""

    def _get_support_mask(self) -> NDArray[np.bool_]:
        mask = np.asarray(super()._get_support_mask())
        if not mask.any():
            mask[int(np.argmax(np.nan_to_num(self.scores_, nan=-1.0)))] = True
        return mask


class VaryingColumns(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Drop columns with fewer than two different known values: trees cannot split them.

    Binning a column without any known value is an error in scikit-learn 1.9's histogram boosting.
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> VaryingColumns:
        """Decide on ``X`` of shape ``(rows, columns)``; at least one column always stays."""
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        filled = np.isfinite(values)
        least = np.where(filled, values, np.inf).min(axis=0)
        most = np.where(filled, values, -np.inf).max(axis=0)
        self.support_ = least < most
        if not self.support_.any():
            self.support_[0] = True
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return np.asarray(self.support_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _allows_nan(estimator: Any) -> bool:
    return estimator is not None and bool(estimator.__sklearn_tags__().input_tags.allow_nan)

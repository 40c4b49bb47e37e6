"""Losses a task can be chosen by, per row, so that differences have standard errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_TINY = 1e-12
_POWER = 1.5  # of the Tweedie deviance: between counts (1) and amounts (2)


def _squared(actual: Floats, predicted: Floats, naive: Floats) -> Floats:
    return (actual - predicted) ** 2


def _absolute(actual: Floats, predicted: Floats, naive: Floats) -> Floats:
    return np.abs(actual - predicted)


def _relative(actual: Floats, predicted: Floats, naive: Floats) -> Floats:
    """Absolute and squared error, each in units of the baseline's, half and half.

    The squared error alone lets a few large spenders decide; the absolute error alone favours the median,
    which for spend is often zero.
    """
    error, base = actual - predicted, actual - naive
    absolute = max(float(np.mean(np.abs(base))), _TINY)
    squared = max(float(np.mean(base**2)), _TINY)
    return 0.5 * np.abs(error) / absolute + 0.5 * error**2 / squared


def _tweedie(actual: Floats, predicted: Floats, naive: Floats) -> Floats:
    y, mu, p = np.maximum(actual, 0.0), np.maximum(predicted, 1e-6), _POWER
    return 2 * (y ** (2 - p) / ((1 - p) * (2 - p)) - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p))


def _log_loss(actual: Floats, predicted: Floats, naive: Floats) -> Floats:
    p = np.clip(predicted, _TINY, 1 - _TINY)
    return np.asarray(-np.where(actual > 0.5, np.log(p), np.log1p(-p)), dtype=np.float64)


_LOSSES: dict[str, dict[str, Callable[[Floats, Floats, Floats], Floats]]] = {
    "regression": {"mse": _squared, "mae": _absolute, "relative": _relative, "tweedie": _tweedie},
    "classification": {"log_loss": _log_loss, "brier": _squared},
}
LOSS_NAMES = {kind: tuple(found) for kind, found in _LOSSES.items()}


def row_losses(kind: str, metric: str, actual: Floats, predicted: Floats, naive: Floats) -> Floats:
    """Return the loss of each row, shape ``(rows,)``; its mean is what candidates are compared by.

    Parameters
    ----------
    kind, metric
        A kind of ``LOSS_NAMES`` and one of its names.
    actual, predicted, naive
        Shape ``(rows,)``: the label, the prediction (a probability for classification) and the baseline's.
    """
    return _LOSSES[kind][metric](actual, predicted, naive)


def per_user(values: Floats, users: NDArray[np.int64]) -> Floats:
    """Return the sum of ``values`` for each user, shape ``(users,)``."""
    _, number = np.unique(users, return_inverse=True)
    return np.asarray(np.bincount(number, weights=values), dtype=np.float64)


def difference(ours: Floats, best: Floats, users: NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean difference of two losses on the same rows and its standard error.

    Rows of one user are alike, so users are the independent units.
    """
    gap = per_user(ours - best, users)
    share = len(gap) / len(ours)
    error = float(gap.std(ddof=1)) / np.sqrt(len(gap)) * share if len(gap) > 1 else 0.0
    return float(np.mean(ours - best)), float(error)

"""Making probabilities mean what they say, from predictions of rows a model had not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Log-odds become ``slope * log-odds + intercept``."""

    slope: float
    intercept: float


def calibrate(
    actual: Floats, predicted: Floats, group: NDArray[np.int64]
) -> tuple[Floats, Calibration | None]:
    """Return out-of-sample calibrated probabilities, and the calibration if it makes them better.

    Platt's method, judged across two halves of the users: each half is corrected by what was learnt on the
    other one. If that does not lower the log loss, predictions stay as they are.

    Parameters
    ----------
    actual, predicted
        Shape ``(rows,)``: 0 or 1, and out-of-fold probabilities of 1.
    group
        Number of the half of each row's user (0 or 1), shape ``(rows,)``.
    """
    odds = logit(np.clip(predicted, 1e-12, 1 - 1e-12))
    crossed = predicted.copy()
    for number in np.unique(group):
        here = group == number
        learnt = _fit(actual[~here], odds[~here])
        if learnt is None:
            return predicted, None
        crossed[here] = expit(learnt.slope * odds[here] + learnt.intercept)
    found = _fit(actual, odds)
    if found is None or _log_loss(actual, crossed) >= _log_loss(actual, predicted):
        return predicted, None
    return crossed, found


def _fit(actual: Floats, odds: Floats) -> Calibration | None:
    if len(np.unique(actual)) < 2 or np.ptp(odds) == 0:
        return None
    model = LogisticRegression(C=1e6).fit(odds[:, None], actual)
    slope = float(model.coef_[0, 0])
    # A model that orders rows the wrong way round is not turned round: it has not learnt anything.
    return Calibration(slope, float(model.intercept_[0])) if slope > 0 else None


def _log_loss(actual: Floats, predicted: Floats) -> float:
    p = np.clip(predicted, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(actual > 0.5, np.log(p), np.log1p(-p))))

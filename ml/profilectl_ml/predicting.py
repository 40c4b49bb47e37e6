"""Predictions of any model as one number per row: an amount, or the probability of the second class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from profilectl_ml.errors import ProfilectlError

Floats = NDArray[np.float64]


def raw_predictions(estimator: Any, matrix: Floats) -> Floats:
    """Return one number per row of ``matrix`` (rows, features), shape ``(rows,)``.

    Raises
    ------
    ProfilectlError
        If a prediction is not a finite number.
    """
    if hasattr(estimator, "predict_proba"):
        values = np.asarray(estimator.predict_proba(matrix)[:, 1], dtype=np.float64)
    else:
        values = np.asarray(estimator.predict(matrix), dtype=np.float64)
    if not np.isfinite(values).all():
        raise ProfilectlError("the model gave a prediction that is not a finite number", hint="train again")
    return values


def bounded(values: Floats, minimum: float | None) -> Floats:
    """Return ``values`` raised to ``minimum`` where below."""
    return values if minimum is None else np.maximum(values, minimum)


def predict_bounded(estimator: Any, matrix: Floats, minimum: float | None) -> Floats:
    """Return what a model says of each row, raised to ``minimum`` where below, shape ``(rows,)``."""
    return bounded(raw_predictions(estimator, matrix), minimum)

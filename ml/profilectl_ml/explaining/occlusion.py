"""Contributions of any model: how the score falls when a feature is made ordinary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout
from profilectl_ml.predicting import raw_predictions

Floats = NDArray[np.float64]


class Occlusion:
    """A part (see :class:`profilectl_ml.explaining.parts.Part`) that asks the model itself.

    Its contributions do not add up to the score: what features do together is counted with each of them.

    Raises
    ------
    ProfilectlError
        If there are no training rows to take the ordinary from.
    """

    method = "occlusion"

    def __init__(self, estimator: Any, layout: Layout, background: Floats | None) -> None:
        if background is None or not len(background):
            raise ProfilectlError(
                f"{type(estimator).__name__} can be explained only beside training rows",
                hint="give the explainer a background",
            )
        self._estimator = estimator
        self.unit = "log-odds" if hasattr(estimator, "predict_proba") else "score"
        self._ordinary = np.array(
            [
                _commonest(background[:, j]) if name in layout.vocabularies else _median(background[:, j])
                for j, name in enumerate(layout.names)
            ]
        )
        self.base = float(self._score(self._ordinary[None, :])[0])

    def add_to(self, out: Floats, matrix: Floats, factor: float) -> None:
        """Add each feature's contribution; one prediction per feature, of the rows where it matters."""
        before = self._score(np.ascontiguousarray(matrix))
        for j, value in enumerate(self._ordinary):
            x = matrix[:, j]
            other = np.flatnonzero((x != value) & ~(np.isnan(x) & np.isnan(value)))
            if len(other):
                changed = np.array(matrix[other], order="C")
                changed[:, j] = value
                out[j, other] += factor * (before[other] - self._score(changed))

    def _score(self, matrix: Floats) -> Floats:
        found = raw_predictions(self._estimator, matrix)
        return logit(np.clip(found, 1e-12, 1 - 1e-12)) if self.unit == "log-odds" else found


def _median(values: Floats) -> float:
    there = values[~np.isnan(values)]
    return float(np.median(there)) if len(there) else float("nan")


def _commonest(values: Floats) -> float:
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])

"""Why a model gives a row the score it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profilectl_ml.compiling import NotCompilable, translate
from profilectl_ml.compiling.formula import Apply, Clip, Formula, Sum
from profilectl_ml.explaining.occlusion import Occlusion
from profilectl_ml.explaining.parts import Part, part
from profilectl_ml.layout import Layout

Floats = NDArray[np.float64]
_LINKS = {"exp": "log", "expm1": "log", "sigmoid": "log-odds"}


@dataclass(frozen=True)
class Reasons:
    """The features that moved each row's score most, the strongest first.

    Attributes
    ----------
    feature
        Positions in the layout, shape ``(rows, top)``.
    contribution
        How far each moved the score from the average training row's, shape ``(rows, top)``; 0: not at all.
    method
        ``exact`` (linear models), ``treeshap`` (exact too, path-dependent), ``rescaled`` (one of these,
        stretched so that it adds up after a function) or ``occlusion``.
    """

    feature: NDArray[np.int64]
    contribution: Floats
    method: str


class Explainer:
    """Explains one model.

    Parameters
    ----------
    estimator
        Fitted on matrices of ``layout``.
    layout
        Columns of the matrices.
    background
        Training rows, shape ``(rows, features)``, some thousands are enough: for the means of columns that no
        scaler knows, and the medians that occlusion puts in.

    Attributes
    ----------
    base
        The average training row's score, in ``unit``.
    unit
        ``score``, or ``log-odds`` or ``log`` for models that add up there.
    method
        See :class:`Reasons`.

    Raises
    ------
    ProfilectlError
        If the model can only be explained by occlusion, and there is no background.
    """

    def __init__(self, estimator: Any, layout: Layout, background: Floats | None = None) -> None:
        self._features = len(layout.names)
        self._part: Part
        try:
            formula, self.unit = _additive(translate(estimator, layout))
            self._part = part(formula, background)
        except NotCompilable:
            self._part = Occlusion(estimator, layout, background)
            self.unit = self._part.unit
        self.base, self.method = self._part.base, self._part.method

    def contributions(self, matrix: Floats) -> Floats:
        """Return each feature's contribution, shape ``(rows, features)`` like ``matrix``."""
        out = np.zeros((self._features, len(matrix)))
        if len(matrix):
            self._part.add_to(out, np.asfortranarray(matrix), 1.0)
        return out.T

    def reasons(self, matrix: Floats, top: int = 3) -> Reasons:
        """Return the ``top`` largest contributions of each row; of equal ones, the earlier feature first."""
        found = self.contributions(matrix)
        size = np.abs(found)
        rows, top = np.arange(len(matrix)), min(top, self._features)
        chosen = np.zeros((len(matrix), top), dtype=np.int64)
        for rank in range(top):
            chosen[:, rank] = size.argmax(axis=1)
            size[rows, chosen[:, rank]] = -1.0
        return Reasons(chosen, np.take_along_axis(found, chosen, axis=1), self.method)


def reasons(
    estimator: Any, layout: Layout, matrix: Floats, top: int = 3, background: Floats | None = None
) -> Reasons:
    """Return the ``top`` reasons of every row of ``matrix``; see :class:`Explainer`."""
    return Explainer(estimator, layout, background).reasons(matrix, top)


def _additive(formula: Formula) -> tuple[Formula, str]:
    """Return the formula below the outermost link, where features add up, and the unit there."""
    link, scaled = formula, False
    while isinstance(link, (Sum, Clip)):
        if isinstance(link, Clip):
            link = link.inner
            continue
        ((weight, inner), *others) = link.parts
        if others or link.constant != 0 or weight <= 0:
            return formula, "score"
        link, scaled = inner, scaled or weight != 1
    if not isinstance(link, Apply) or link.function not in _LINKS:
        return formula, "score"
    if link.function == "sigmoid" and scaled:
        return formula, "score"
    inner = link.inner.inner if isinstance(link.inner, Clip) else link.inner
    return _without_round_trips(inner), _LINKS[link.function]


def _without_round_trips(formula: Formula) -> Formula:
    """Replace the log-odds of a probability made from log-odds by the latter."""
    if isinstance(formula, Sum):
        return Sum(formula.constant, tuple((w, _without_round_trips(one)) for w, one in formula.parts))
    if isinstance(formula, Apply) and formula.function == "logit":
        inner = formula.inner.inner if isinstance(formula.inner, Clip) else formula.inner
        if isinstance(inner, Apply) and inner.function == "sigmoid":
            return _without_round_trips(inner.inner)
    return formula

"""Contributions of features to a formula's value, one class per kind of formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from profilectl_ml.compiling.columns import Column, Levels, evaluate
from profilectl_ml.compiling.formula import Apply, Clip, Formula, Linear, Sum, Trees
from profilectl_ml.explaining.tree_shapley import TreeShapley

Floats = NDArray[np.float64]
#: How contributions were worked out, the most exact first; of a sum of several, the least exact counts.
METHODS = ("exact", "treeshap", "rescaled", "occlusion")
_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "sigmoid": expit,
    "logit": logit,
    "square": np.square,
}


class Part(Protocol):
    """A formula that can be explained.

    Attributes
    ----------
    base
        Its value for the average training row.
    method
        One of ``METHODS``.
    """

    base: float
    method: str

    def add_to(self, out: Floats, matrix: Floats, factor: float) -> None:
        """Add ``factor`` times each feature's contribution to ``out``, ``(features, rows)``.

        ``base`` and the contributions add up to the formula's value.
        """


def part(formula: Formula, background: Floats | None) -> Part:
    """Return how to explain a formula; ``background``: training rows, ``(rows, features)``, if at hand."""
    if isinstance(formula, Linear):
        return _LinearPart(formula, background)
    if isinstance(formula, Trees):
        return _TreesPart(formula)
    if isinstance(formula, Sum):
        return _SumPart(formula, background)
    if isinstance(formula, Apply) and formula.function == "square":
        return _SquarePart(formula, background)
    return _RescaledPart(formula, background)


class _LinearPart:
    method = "exact"

    def __init__(self, formula: Linear, background: Floats | None) -> None:
        self._terms = [(w, c, _mean(c, background)) for w, c in formula.terms]
        self.base = formula.constant + sum(w * mean for w, _, mean in self._terms)

    def add_to(self, out: Floats, matrix: Floats, factor: float) -> None:
        for weight, column, mean in self._terms:
            out[column.feature] += (factor * weight) * (evaluate(column, matrix) - mean)


class _TreesPart:
    method = "treeshap"

    def __init__(self, formula: Trees) -> None:
        self._factor = formula.factor
        self._trees = [TreeShapley(tree) for tree in formula.trees]
        self.base = formula.constant + formula.factor * sum(tree.base for tree in self._trees)

    def add_to(self, out: Floats, matrix: Floats, factor: float) -> None:
        for tree in self._trees:
            tree.add_to(out, matrix, factor * self._factor)


class _SumPart:
    def __init__(self, formula: Sum, background: Floats | None) -> None:
        self._parts = [(weight, part(one, background)) for weight, one in formula.parts]
        self.base = formula.constant + sum(weight * one.base for weight, one in self._parts)
        self.method = max((one.method for _, one in self._parts), key=METHODS.index)

    def add_to(self, out: Floats, matrix: Floats, factor: float) -> None:
        for weight, one in self._parts:
            one.add_to(out, matrix, factor * weight)


class _SquarePart:
    """The square of a sum of contributions: its Shapley values are ``c * (2 * base + sum of c)``."""

    def __init__(self, formula: Apply, background: Floats | None) -> None:
        inner = formula.inner
        # Squares are taken of what is not negative; below zero the value is that of zero.
        self._floor = inner.low if isinstance(inner, Clip) else -np.inf
        self._inner = part(inner.inner if isinstance(inner, Clip) else inner, background)
        self._bottom = max(self._inner.base, self._floor)
        self.base = self._bottom**2
        self.method = self._inner.method

    def add_to(self, out: Floats, matrix: Floats, factor: float) -> None:
        found = np.zeros_like(out)
        self._inner.add_to(found, matrix, 1.0)
        total = found.sum(axis=0)
        reached = np.maximum(self._inner.base + total, self._floor) - self._bottom
        # What goes below the floor changes nothing: all contributions shrink alike.
        share = np.divide(reached, total, out=np.ones_like(total), where=total != 0)
        out += factor * (share * (2 * self._bottom + reached)) * found


class _RescaledPart:
    """A growing function of a sum of contributions: all are stretched alike, so that they still add up."""

    def __init__(self, formula: Apply | Clip, background: Floats | None) -> None:
        self._inner = part(formula.inner, background)
        self._formula = formula
        self.base = float(self._of(np.array([self._inner.base]))[0])
        inner = self._inner.method
        self.method = max(inner, "rescaled", key=METHODS.index)

    def add_to(self, out: Floats, matrix: Floats, factor: float) -> None:
        found = np.zeros_like(out)
        self._inner.add_to(found, matrix, 1.0)
        total = found.sum(axis=0)
        rise = self._of(self._inner.base + total) - self.base
        stretch = np.divide(rise, total, out=np.zeros_like(total), where=total != 0)
        out += factor * stretch * found

    def _of(self, values: Floats) -> Floats:
        if isinstance(self._formula, Clip):
            return np.clip(values, self._formula.low, self._formula.high)
        return _FUNCTIONS[self._formula.function](values)


def _mean(column: Column, background: Floats | None) -> float:
    """Return a column's training mean, as well as it is known."""
    if column.mean is not None:
        return column.mean
    if background is not None and len(background):
        found = float(np.nanmean(evaluate(column, background)))
        return found if np.isfinite(found) else 0.0
    if isinstance(column, Levels):
        return column.other
    return 0.0 if np.isnan(column.missing) else column.missing

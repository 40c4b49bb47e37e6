"""Columns of a prepared matrix, each as a function of the one feature it was made from.

Imputing, scaling, roots and one-hot codes all work column by column. So whatever a pipeline does, each column
that reaches the model is a function of a single feature, and formulas can be written over features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: What can be done to a column: never decreasing in the first argument (divisors are positive).
STEPS: dict[str, Callable[[Floats, float], Floats]] = {
    "subtract": lambda x, by: x - by,
    "divide": lambda x, by: x / by,
    "multiply": lambda x, by: x * by,
    "add": lambda x, by: x + by,
    "root": lambda x, by: np.sign(x) * np.sqrt(np.abs(x)),
    "log": lambda x, by: np.sign(x) * np.log1p(np.abs(x)),
    "at_least": lambda x, by: np.maximum(x, by),
    "at_most": lambda x, by: np.minimum(x, by),
    "to_32_bits": lambda x, by: x.astype(np.float32).astype(np.float64),
}


@dataclass(frozen=True)
class Number:
    """A number that grows with the feature.

    Attributes
    ----------
    feature
        Position of the feature in the layout.
    steps
        What is done to a value that is there: names in ``STEPS`` with their operands.
    missing
        The column's value where the feature is missing; NaN if it stays missing.
    mean
        The column's mean over the training rows, where a scaler knows it.
    """

    feature: int
    steps: tuple[tuple[str, float], ...] = ()
    missing: float = float("nan")
    mean: float | None = None


@dataclass(frozen=True)
class Levels:
    """One of a few values, by which code the feature has.

    Attributes
    ----------
    feature, missing, mean
        As in :class:`Number`.
    values
        Column value by code.
    other
        The value of every other code that is not missing.
    """

    feature: int
    values: dict[float, float] = field(default_factory=dict)
    other: float = 0.0
    missing: float = float("nan")
    mean: float | None = None


Column = Number | Levels


def stepped(column: Column, name: str, operand: float = 0.0, mean: float | None = None) -> Column:
    """Return the column after one more step; ``mean`` is its new training mean."""

    def of(value: float) -> float:
        return float(_do(name, np.array([value]), operand)[0])

    if isinstance(column, Number):
        steps = (*column.steps, (name, float(operand)))
        return replace(column, steps=steps, missing=of(column.missing), mean=mean)
    values = {code: of(value) for code, value in column.values.items()}
    return Levels(column.feature, values, of(column.other), of(column.missing), mean)


def filled(column: Column, value: float) -> Column:
    """Return the column with ``value`` wherever it was NaN."""

    def of(old: float) -> float:
        return float(value) if np.isnan(old) else old

    if isinstance(column, Number):
        return replace(column, missing=of(column.missing), mean=None)
    values = {code: of(old) for code, old in column.values.items()}
    return Levels(column.feature, values, of(column.other), of(column.missing))


def indicator(column: Column) -> Levels:
    """Return the column that is 1 where this one is NaN, else 0."""
    missing = float(np.isnan(column.missing))
    if isinstance(column, Number):
        return Levels(column.feature, {}, 0.0, missing)
    values = {code: float(np.isnan(value)) for code, value in column.values.items()}
    return Levels(column.feature, values, float(np.isnan(column.other)), missing)


def evaluate(column: Column, features: Floats) -> Floats:
    """Return the column for a matrix of features, shape ``(rows, features)``, as shape ``(rows,)``."""
    x = features[:, column.feature]
    if isinstance(column, Number):
        values = through(column.steps, x)
    else:
        values = np.full(len(x), column.other)
        for code, value in column.values.items():
            values[x == code] = value
    return np.where(np.isnan(x), column.missing, values)


def through(steps: tuple[tuple[str, float], ...], x: Floats) -> Floats:
    """Return ``x`` after the steps, shape kept."""
    for name, operand in steps:
        x = _do(name, x, operand)
    return x


def _do(name: str, x: Floats, operand: float) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return STEPS[name](x, operand)

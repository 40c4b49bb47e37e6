"""From a fitted estimator to a formula: one function per type, found in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from profilectl_ml.compiling.columns import Column, Number
from profilectl_ml.compiling.formula import Formula
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout

Translate = Callable[[Any, list[Column]], Formula]
Transform = Callable[[Any, list[Column]], list[Column]]
_MODELS: dict[str, Translate] = {}
_TRANSFORMERS: dict[str, Transform] = {}


class NotCompilable(ProfilectlError):
    """A model that cannot be written as a formula, or not as one short enough; the message says why."""


def translates(*types: type) -> Callable[[Translate], Translate]:
    """Register a function from a fitted estimator of one of these types, and its columns, to a formula."""

    def register(function: Translate) -> Translate:
        _MODELS.update({_key(one): function for one in types})
        return function

    return register


def transforms(*types: type) -> Callable[[Transform], Transform]:
    """Register a function from a fitted transformer of one of these types, and columns, to columns."""

    def register(function: Transform) -> Transform:
        _TRANSFORMERS.update({_key(one): function for one in types})
        return function

    return register


def translate(estimator: Any, layout: Layout) -> Formula:
    """Return what a fitted estimator computes from the features of a layout.

    The value is the prediction of a regressor, or the probability of the second class.

    Raises
    ------
    NotCompilable
        If the estimator, or one inside it, is of a type without a translation.
    """
    return model(estimator, [Number(place) for place in range(len(layout.names))])


def model(estimator: Any, columns: list[Column]) -> Formula:
    """Return the formula of an estimator that reads these columns."""
    if _key(type(estimator)) not in _MODELS:
        raise NotCompilable(f"{type(estimator).__name__} has no translation")
    return _MODELS[_key(type(estimator))](estimator, columns)


def prepared(transformer: Any, columns: list[Column]) -> list[Column]:
    """Return what a fitted transformer, ``"passthrough"`` or ``"drop"`` makes of columns."""
    if transformer is None or isinstance(transformer, str):
        return [] if transformer == "drop" else columns
    key = _key(type(transformer))
    if key in _TRANSFORMERS:
        return _TRANSFORMERS[key](transformer, columns)
    if hasattr(transformer, "get_support"):  # every selection of columns, whatever it is based on
        return [columns[place] for place in transformer.get_support(indices=True)]
    raise NotCompilable(f"{type(transformer).__name__} has no translation")


def _key(kind: type) -> str:
    # By name and not by inheritance: a subclass may predict in another way.
    return f"{kind.__module__}.{kind.__qualname__}"

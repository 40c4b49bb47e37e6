"""What a candidate needs to know to be built, and what a candidate is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.pipeline import Pipeline

from profilectl_ml.layout import Layout
from profilectl_ml.preprocessing import plain, preprocessing

Params = dict[str, Any]
BASELINE = "baseline"
_PREPARATION = ("root", "log", "keep")


@dataclass(frozen=True)
class Recipe:
    """What a candidate needs to know to be built.

    Attributes
    ----------
    layout
        Columns of the feature matrix.
    seed
        Seed of whatever is random in it.
    kind
        ``regression`` or ``classification``.
    baseline, level
        ``(position, factor)`` of the naive prediction and of the optional second rule of thumb; without a
        baseline the mean, or the share of ones, is the naive prediction.
    """

    layout: Layout
    seed: int
    kind: str = "regression"
    baseline: tuple[int, float] | None = None
    level: tuple[int, float] | None = None


@dataclass(frozen=True)
class Candidate:
    """A kind of model and the settings that are tried.

    Attributes
    ----------
    name
        As tasks write it.
    complexity
        Of two that are equally good the one with the smaller number is chosen.
    build
        Makes an unfitted estimator for a setting.
    space
        The settings, the most likely one first.
    alone
        Whether no two may be fitted at once in a process.
    """

    name: str
    complexity: int
    build: Callable[[Recipe, Params], Any]
    space: tuple[Params, ...] = ({},)
    alone: bool = False


def weighing(recipe: Recipe, model: Any, params: Params | None = None) -> Any:
    """Return ``model`` behind the preparation for models that weigh columns, set by ``root, log, keep``."""
    chosen = {key: value for key, value in (params or {}).items() if key in _PREPARATION}
    prepared = preprocessing(recipe.layout, kind=recipe.kind, **chosen)
    return Pipeline([("prepare", prepared), ("model", model)])


def splitting(recipe: Recipe, model: Any) -> Any:
    """Return ``model`` behind the preparation for models that split columns."""
    return Pipeline([("prepare", plain(recipe.layout)), ("model", model)])


def only_model(params: Params) -> Params:
    """Return the settings without those of the preparation."""
    return {key: value for key, value in params.items() if key not in _PREPARATION}


def space(**choices: tuple[Any, ...]) -> tuple[Params, ...]:
    """Return every combination of the choices, the first of each first.

    Examples
    --------
    >>> space(alpha=(1, 2), root=(False,))
    ({'alpha': 1, 'root': False}, {'alpha': 2, 'root': False})
    """
    found: list[Params] = [{}]
    for key, values in choices.items():
        found = [{**one, key: value} for one in found for value in values]
    return tuple(found)

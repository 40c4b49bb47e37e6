"""LightGBM among the candidates, where the extra ``lightgbm`` is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from profilectl_ml.estimators import NonNegativeTarget
from profilectl_ml.recipes import Candidate, Params, Recipe, space, splitting

NAME = "lightgbm"
# Threads and histograms in one fixed way: the same data give the same bits.
_FIXED: Params = {"n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1}
_TRIED: Params = {"learning_rate": 0.04, "n_estimators": 150, "subsample": 0.8, "subsample_freq": 1}


def installed() -> bool:
    """Return whether LightGBM can be imported."""
    return find_spec("lightgbm") is not None


def _regressor(recipe: Recipe, params: Params) -> Any:
    from lightgbm import LGBMRegressor

    settings = {**_FIXED, **_TRIED, "colsample_bytree": 0.5, **params}
    model = splitting(recipe, LGBMRegressor(random_state=recipe.seed, **settings))
    return NonNegativeTarget(model) if "objective" in params else model


def _classifier(recipe: Recipe, params: Params) -> Any:
    from lightgbm import LGBMClassifier

    settings = {**_FIXED, **_TRIED, "colsample_bytree": 0.5, **params}
    return splitting(recipe, LGBMClassifier(random_state=recipe.seed, **settings))


_SIZES = space(num_leaves=(8, 16), min_child_samples=(20, 60))
LIGHTGBM = {
    "regression": Candidate(
        NAME, 5, _regressor, (*_SIZES, *({**one, "objective": "tweedie"} for one in _SIZES[:2]))
    ),
    "classification": Candidate(NAME, 5, _classifier, _SIZES),
}

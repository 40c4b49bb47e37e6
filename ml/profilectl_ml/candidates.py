"""The models that are compared, each a pipeline with its preprocessing, and their small grids.

How the blend was chosen (The Complete Journey, real data, nothing after week 48 in memory; validation
cutoffs at the ends of weeks 28, 32, 36, 40, 42, 43 and 44, trained on cutoffs 28 days apart whose label
windows end before; mean of MAE and RMSE relative to the 12-week mean):

    ridge on all features                           .975  .955
    ridge, then boosted trees on what is left       .974  .955
    ridge on roots                                  .962  .971
    spend, exponentially weighted, 8 weeks          .983  .977
    boosted trees alone / random forest / MLP (*)   .993  .979 / .988  .981 / .996  .983
    all four of the first rows, equal weights       .965  .955   <- the blend
    (*) weeks 32, 36, 40, 44 only

Weekly or fortnightly training cutoffs were no better than one every 28 days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor, VotingRegressor
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from profilectl_ml.estimators import ColumnLevel, ResidualRegressor, RootRegressor
from profilectl_ml.layout import Layout
from profilectl_ml.preprocessing import preprocessing

Params = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """What a candidate needs to know to be built.

    Attributes
    ----------
    layout
        Columns of the feature matrix.
    seed
        Seed of whatever is random in it.
    baseline, level
        ``(position, factor)`` of the naive prediction and of the optional second rule of thumb.
    """

    layout: Layout
    seed: int
    baseline: tuple[int, float]
    level: tuple[int, float] | None = None


@dataclass(frozen=True)
class Candidate:
    """A kind of model and the settings that are tried."""

    name: str
    build: Callable[[Recipe, Params], Any]
    grid: tuple[Params, ...] = ({},)


def _pipeline(recipe: Recipe, model: Any, *, root: bool = False) -> Any:
    return Pipeline([("prepare", preprocessing(recipe.layout, root=root)), ("model", model)])


def _linear(recipe: Recipe, params: Params) -> Any:
    return _pipeline(recipe, LinearRegression(**params))


def _ridge(recipe: Recipe, params: Params) -> Any:
    return _pipeline(recipe, Ridge(**params))


def _lasso(recipe: Recipe, params: Params) -> Any:
    return _pipeline(recipe, Lasso(max_iter=2000, tol=1e-3, selection="cyclic", **params))


def _tree(recipe: Recipe, params: Params) -> Any:
    return _pipeline(recipe, DecisionTreeRegressor(random_state=recipe.seed, **params))


def _forest(recipe: Recipe, params: Params) -> Any:
    # One job: the sum over trees then has one order, so the same data gives the same bits.
    settings: Params = {"n_estimators": 40, "max_features": 0.2, "max_samples": 0.3, "n_jobs": 1}
    return _pipeline(recipe, RandomForestRegressor(random_state=recipe.seed, **settings, **params))


def _boosting(recipe: Recipe, params: Params) -> Any:
    settings: Params = {
        "learning_rate": 0.06,
        "max_iter": 80,
        "l2_regularization": 10.0,
        "early_stopping": False,
    }
    return _pipeline(recipe, HistGradientBoostingRegressor(random_state=recipe.seed, **settings, **params))


def _perceptron(recipe: Recipe, params: Params) -> Any:
    settings: Params = {"hidden_layer_sizes": (32,), "batch_size": 256, "max_iter": 15, "tol": 0.0}
    network = _pipeline(recipe, MLPRegressor(random_state=recipe.seed, **settings, **params), root=True)
    return TransformedTargetRegressor(network, transformer=StandardScaler())


def _blend(recipe: Recipe, params: Params) -> Any:
    rest = HistGradientBoostingRegressor(
        learning_rate=0.03,
        max_iter=80,
        max_leaf_nodes=4,
        min_samples_leaf=100,
        l2_regularization=10.0,
        early_stopping=False,
        random_state=recipe.seed,
    )
    # The first two share one preparation, and together weigh as much as the other two.
    straight = VotingRegressor(
        [("ridge", Ridge(**params)), ("boosted", ResidualRegressor(Ridge(**params), rest))]
    )
    members: list[tuple[str, Any]] = [
        ("straight", _pipeline(recipe, straight)),
        ("root", RootRegressor(_pipeline(recipe, Ridge(**params), root=True))),
    ]
    weights = [2.0, 1.0]
    if recipe.level is not None:
        members.append(("level", ColumnLevel(*recipe.level)))
        weights.append(1.0)
    return VotingRegressor(members, weights=weights)


def _baseline(recipe: Recipe, params: Params) -> Any:
    return ColumnLevel(*recipe.baseline, **params)


BASELINE = "baseline"
_ALPHAS: tuple[Params, ...] = ({"alpha": 10.0}, {"alpha": 1000.0})
_CATALOGUE = {
    candidate.name: candidate
    for candidate in (
        Candidate(BASELINE, _baseline),
        Candidate("linear", _linear),
        Candidate("ridge", _ridge, _ALPHAS),
        Candidate("lasso", _lasso, ({"alpha": 1.0},)),
        Candidate("decision_tree", _tree, ({"max_depth": 6, "min_samples_leaf": 50},)),
        Candidate("random_forest", _forest, ({"min_samples_leaf": 15},)),
        Candidate("hist_gradient_boosting", _boosting, ({"max_leaf_nodes": 8, "min_samples_leaf": 60},)),
        Candidate("mlp", _perceptron, ({"alpha": 1.0},)),
        Candidate("blend", _blend, ({"alpha": 1000.0},)),
    )
}
CANDIDATE_NAMES = tuple(name for name in _CATALOGUE if name != BASELINE)


def candidates(names: tuple[str, ...]) -> list[Candidate]:
    """Return the baseline followed by the named candidates, in order.

    Raises
    ------
    KeyError
        If a name is not in ``CANDIDATE_NAMES``; tasks check this when they are read.
    """
    return [_CATALOGUE[BASELINE], *(_CATALOGUE[name] for name in names)]

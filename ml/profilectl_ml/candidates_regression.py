"""The regressors that are compared, and their bounded spaces of settings.

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

from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor, VotingRegressor
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge, TweedieRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from profilectl_ml.estimators import (
    ColumnLevel,
    LogRegressor,
    NonNegativeTarget,
    ResidualRegressor,
    RootRegressor,
)
from profilectl_ml.recipes import (
    BASELINE,
    Candidate,
    Params,
    Recipe,
    only_model,
    space,
    splitting,
    weighing,
)


def _baseline(recipe: Recipe, params: Params) -> Any:
    return DummyRegressor() if recipe.baseline is None else ColumnLevel(*recipe.baseline)


def _scaled_target(model: Any) -> Any:
    """Make penalties mean the same whatever the label's unit is."""
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def _linear(recipe: Recipe, params: Params) -> Any:
    return weighing(recipe, LinearRegression())


def _ridge(recipe: Recipe, params: Params) -> Any:
    return weighing(recipe, Ridge(**only_model(params)), params)


def _lasso(recipe: Recipe, params: Params) -> Any:
    model = Lasso(max_iter=2000, tol=1e-3, selection="cyclic", **only_model(params))
    return _scaled_target(weighing(recipe, model, params))


def _elastic_net(recipe: Recipe, params: Params) -> Any:
    model = ElasticNet(max_iter=2000, tol=1e-3, selection="cyclic", **only_model(params))
    return _scaled_target(weighing(recipe, model, params))


def _log_ridge(recipe: Recipe, params: Params) -> Any:
    return LogRegressor(weighing(recipe, Ridge(**only_model(params)), params))


def _tweedie(recipe: Recipe, params: Params) -> Any:
    # Amounts with many zeros, as products of powers of the features.
    model = TweedieRegressor(power=1.5, link="log", max_iter=200, **only_model(params))
    return NonNegativeTarget(weighing(recipe, model, params))


def _tree(recipe: Recipe, params: Params) -> Any:
    return splitting(recipe, DecisionTreeRegressor(random_state=recipe.seed, **params))


def _forest(recipe: Recipe, params: Params) -> Any:
    # One job: the sum over trees then has one order, so the same data gives the same bits.
    settings: Params = {"n_estimators": 40, "max_features": 0.2, "max_samples": 0.3, "n_jobs": 1}
    return splitting(recipe, RandomForestRegressor(random_state=recipe.seed, **settings, **params))


def _boosted(recipe: Recipe, params: Params, loss: str) -> Any:
    settings: Params = {"l2_regularization": 10.0, "early_stopping": False, "max_features": 0.5}
    return HistGradientBoostingRegressor(loss=loss, random_state=recipe.seed, **{**settings, **params})


def _boosting(recipe: Recipe, params: Params) -> Any:
    return splitting(recipe, _boosted(recipe, params, "squared_error"))


def _poisson(recipe: Recipe, params: Params) -> Any:
    # A log link and a variance that grows with the mean: for counts, and for skewed amounts with many zeros.
    return NonNegativeTarget(splitting(recipe, _boosted(recipe, params, "poisson")))


def _perceptron(recipe: Recipe, params: Params) -> Any:
    settings: Params = {"hidden_layer_sizes": (32,), "batch_size": 256, "max_iter": 15, "tol": 0.0}
    network = weighing(recipe, MLPRegressor(random_state=recipe.seed, **settings, **params), {"root": True})
    return _scaled_target(network)


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
        ("straight", weighing(recipe, straight)),
        ("root", RootRegressor(weighing(recipe, Ridge(**params), {"root": True}))),
    ]
    weights = [2.0, 1.0]
    if recipe.level is not None:
        members.append(("level", ColumnLevel(*recipe.level)))
        weights.append(1.0)
    return VotingRegressor(members, weights=weights)


_TREES = (
    {"learning_rate": 0.05, "max_iter": 100, "max_leaf_nodes": 8, "min_samples_leaf": 60},
    {"learning_rate": 0.05, "max_iter": 100, "max_leaf_nodes": 16, "min_samples_leaf": 20},
    {"learning_rate": 0.03, "max_iter": 100, "max_leaf_nodes": 4, "min_samples_leaf": 20},
)
REGRESSORS = (
    Candidate(BASELINE, 0, _baseline),
    Candidate("linear", 1, _linear),
    Candidate(
        "ridge",
        2,
        _ridge,
        (*space(alpha=(100.0, 10.0, 1000.0), root=(False, True)), {"alpha": 100.0, "keep": 50}),
    ),
    Candidate("lasso", 2, _lasso, space(alpha=(0.01, 0.003, 0.03, 0.1))),
    Candidate("elastic_net", 2, _elastic_net, space(alpha=(0.1, 0.02, 0.3), l1_ratio=(0.5,))),
    Candidate("log_ridge", 3, _log_ridge, space(alpha=(10.0, 1000.0), root=(True,))),
    Candidate("tweedie", 3, _tweedie, space(alpha=(1.0, 0.1), log=(True,))),
    Candidate("decision_tree", 3, _tree, space(max_depth=(6, 4), min_samples_leaf=(50,))),
    Candidate("hist_gradient_boosting", 5, _boosting, _TREES),
    Candidate("poisson_boosting", 5, _poisson, _TREES),
    Candidate("random_forest", 6, _forest, space(min_samples_leaf=(15, 5))),
    Candidate("mlp", 7, _perceptron, space(alpha=(1.0,))),
    Candidate("blend", 8, _blend, space(alpha=(1000.0, 10.0))),
)

"""The classifiers that are compared, and their bounded spaces of settings.

Imbalance is met by weights (``class_weight``), never by making up or leaving out rows; the probabilities are
put right afterwards (:mod:`profilectl_ml.calibration`).
"""

from __future__ import annotations

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

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
    if recipe.baseline is None:
        return DummyClassifier(strategy="prior")
    one_column = Pipeline(
        [("impute", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())]
    )
    chosen = ColumnTransformer([("column", one_column, [recipe.baseline[0]])])
    return Pipeline([("prepare", chosen), ("model", LogisticRegression())])


def _logistic(recipe: Recipe, params: Params) -> Any:
    return weighing(recipe, LogisticRegression(max_iter=300, **only_model(params)), params)


def _lasso(recipe: Recipe, params: Params) -> Any:
    # liblinear draws its order of coordinates from the seed, with one generator for the whole process: two
    # fits at once would take each other's numbers.
    model = LogisticRegression(
        l1_ratio=1.0, solver="liblinear", max_iter=200, random_state=recipe.seed, **only_model(params)
    )
    return weighing(recipe, model, params)


def _tree(recipe: Recipe, params: Params) -> Any:
    return splitting(recipe, DecisionTreeClassifier(random_state=recipe.seed, **params))


def _forest(recipe: Recipe, params: Params) -> Any:
    # Small samples of the rows make trees cheap and unlike each other, which costs next to no accuracy.
    settings: Params = {"n_estimators": 50, "max_features": "sqrt", "max_samples": 0.35, "n_jobs": 1}
    return splitting(recipe, RandomForestClassifier(random_state=recipe.seed, **{**settings, **params}))


def _extra_trees(recipe: Recipe, params: Params) -> Any:
    settings: Params = {
        "n_estimators": 60,
        "max_features": "sqrt",
        "max_samples": 0.5,
        "bootstrap": True,
        "n_jobs": 1,
    }
    return splitting(recipe, ExtraTreesClassifier(random_state=recipe.seed, **{**settings, **params}))


def _boosting(recipe: Recipe, params: Params) -> Any:
    settings: Params = {"early_stopping": False, "max_features": 0.5, "l2_regularization": 5.0}
    return splitting(
        recipe, HistGradientBoostingClassifier(random_state=recipe.seed, **{**settings, **params})
    )


def _perceptron(recipe: Recipe, params: Params) -> Any:
    settings: Params = {"hidden_layer_sizes": (32,), "batch_size": 256, "max_iter": 14, "tol": 0.0}
    network = MLPClassifier(random_state=recipe.seed, **settings, **params)
    return weighing(recipe, network, {"root": True})


_BOOSTING = (
    {"learning_rate": 0.06, "max_iter": 100, "max_leaf_nodes": 8, "min_samples_leaf": 40},
    {"learning_rate": 0.06, "max_iter": 150, "max_leaf_nodes": 4, "min_samples_leaf": 20},
    {"learning_rate": 0.04, "max_iter": 150, "max_leaf_nodes": 15, "min_samples_leaf": 20},
)
CLASSIFIERS = (
    Candidate(BASELINE, 0, _baseline),
    Candidate(
        "logistic",
        2,
        _logistic,
        (*space(C=(0.1, 0.01), root=(True, False)), {"C": 0.1, "root": True, "keep": 50}),
    ),
    Candidate("lasso_logistic", 2, _lasso, space(C=(0.1, 0.02), root=(True,)), alone=True),
    Candidate("balanced_logistic", 2, _logistic, space(C=(0.1,), root=(True,), class_weight=("balanced",))),
    Candidate("decision_tree", 3, _tree, space(max_depth=(5, 3), min_samples_leaf=(30,))),
    Candidate("hist_gradient_boosting", 5, _boosting, _BOOSTING),
    Candidate("random_forest", 6, _forest, space(min_samples_leaf=(5, 20))),
    Candidate("extra_trees", 6, _extra_trees, space(min_samples_leaf=(3, 10))),
    Candidate("mlp", 7, _perceptron, space(alpha=(1.0,))),
)

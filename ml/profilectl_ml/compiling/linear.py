"""Linear models, generalised ones, rules of thumb and constants as formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)

from profilectl_ml.compiling.columns import Column, filled
from profilectl_ml.compiling.formula import Apply, Formula, Linear, Sum
from profilectl_ml.compiling.translating import NotCompilable, translates
from profilectl_ml.estimators import ColumnLevel


@translates(LinearRegression, Ridge, Lasso, ElasticNet)
def _regression(model: Any, columns: list[Column]) -> Formula:
    return _weighed(model, columns)


@translates(LogisticRegression)
def _logistic(model: Any, columns: list[Column]) -> Formula:
    two_classes(model)
    return Apply("sigmoid", _weighed(model, columns))


@translates(TweedieRegressor, PoissonRegressor, GammaRegressor)
def _generalised(model: Any, columns: list[Column]) -> Formula:
    return linked(model._base_loss.link, _weighed(model, columns))


@translates(ColumnLevel)
def _level(model: Any, columns: list[Column]) -> Formula:
    return Linear(0.0, ((float(model.factor), filled(columns[model.column], 0.0)),))


@translates(DummyRegressor)
def _mean(model: Any, columns: list[Column]) -> Formula:
    return Linear(float(np.ravel(model.constant_)[0]))


@translates(DummyClassifier)
def _share(model: Any, columns: list[Column]) -> Formula:
    if model.strategy == "stratified":
        raise NotCompilable("DummyClassifier that draws at random has no translation")
    two_classes(model)
    return Linear(float(model.predict_proba(np.zeros((1, len(columns))))[0, 1]))


def two_classes(model: Any) -> None:
    """Refuse a classifier of one class, or of more than two: it has no probability of *the* second class."""
    if len(model.classes_) != 2:
        raise NotCompilable(
            f"{type(model).__name__}: {len(model.classes_)} classes, exactly 2 are translated"
        )


def linked(link: Any, raw: Formula) -> Formula:
    """Return the prediction that belongs to a raw one under scikit-learn's link object."""
    functions = {"IdentityLink": None, "LogLink": "exp", "LogitLink": "sigmoid"}
    name = type(link).__name__
    if name == "HalfLogitLink":
        return Apply("sigmoid", Sum(0.0, ((2.0, raw),)))
    if name not in functions:
        raise NotCompilable(f"the link {name} has no translation")
    function = functions[name]
    return raw if function is None else Apply(function, raw)


def _weighed(model: Any, columns: list[Column]) -> Formula:
    weights = np.ravel(model.coef_).astype(np.float64)
    if len(weights) != len(columns):
        raise NotCompilable(f"{type(model).__name__} with several outputs has no translation")
    terms = tuple((float(w), c) for w, c in zip(weights, columns, strict=True) if w != 0)
    return Linear(float(np.ravel(model.intercept_)[0]), terms)

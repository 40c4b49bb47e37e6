"""Models made of models: pipelines, sums, averages and transformed targets as formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from profilectl_ml.compiling.columns import Column
from profilectl_ml.compiling.formula import Apply, Clip, Formula, Sum, weighted
from profilectl_ml.compiling.linear import two_classes
from profilectl_ml.compiling.translating import NotCompilable, model, prepared, translates
from profilectl_ml.estimators import (
    CalibratedModel,
    LogRegressor,
    NonNegativeTarget,
    ResidualRegressor,
    RootRegressor,
)

_ALMOST_SURE = 1e-12
_INVERSES = {np.expm1: "expm1", np.exp: "exp", np.square: "square"}


@translates(Pipeline)
def _pipeline(pipeline: Any, columns: list[Column]) -> Formula:
    for _, step in pipeline.steps[:-1]:
        columns = prepared(step, columns)
    return model(pipeline.steps[-1][1], columns)


@translates(VotingRegressor)
def _mean(voting: Any, columns: list[Column]) -> Formula:
    return weighted([model(one, columns) for one in voting.estimators_], voting._weights_not_none)


@translates(VotingClassifier)
def _mean_probability(voting: Any, columns: list[Column]) -> Formula:
    if voting.voting != "soft":
        raise NotCompilable("VotingClassifier that counts votes has no probabilities")
    two_classes(voting)
    return weighted([model(one, columns) for one in voting.estimators_], voting._weights_not_none)


@translates(ResidualRegressor)
def _residual(residual: Any, columns: list[Column]) -> Formula:
    return Sum(0.0, ((1.0, model(residual.first_, columns)), (1.0, model(residual.second_, columns))))


@translates(TransformedTargetRegressor)
def _transformed(target: Any, columns: list[Column]) -> Formula:
    inner, back = model(target.regressor_, columns), target.transformer_
    if type(back) is StandardScaler:
        scale = float(back.scale_[0]) if back.with_std else 1.0
        return Sum(float(back.mean_[0]) if back.with_mean else 0.0, ((scale, inner),))
    if type(back) is FunctionTransformer and (back.inverse_func is None or back.inverse_func in _INVERSES):
        return inner if back.inverse_func is None else Apply(_INVERSES[back.inverse_func], inner)
    raise NotCompilable(f"the target's {type(back).__name__} has no translation")


@translates(RootRegressor)
def _root(root: Any, columns: list[Column]) -> Formula:
    return Sum(0.0, ((root.scale_, Apply("square", Clip(model(root.estimator_, columns), low=0.0))),))


@translates(LogRegressor)
def _logarithm(log: Any, columns: list[Column]) -> Formula:
    logs = Clip(model(log.estimator_, columns), 0.0, log.ceiling_)
    return Sum(0.0, ((log.scale_, Apply("expm1", logs)),))


@translates(NonNegativeTarget)
def _non_negative(target: Any, columns: list[Column]) -> Formula:
    return model(target.estimator_, columns)


@translates(CalibratedModel)
def _calibrated(calibrated: Any, columns: list[Column]) -> Formula:
    probability = Clip(model(calibrated.estimator_, columns), _ALMOST_SURE, 1 - _ALMOST_SURE)
    odds = Sum(calibrated.intercept_, ((calibrated.slope_, Apply("logit", probability)),))
    return Apply("sigmoid", odds)

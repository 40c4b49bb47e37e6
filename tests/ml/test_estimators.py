from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import check_estimator

from profilectl_ml.estimators import (
    ColumnLevel,
    InformativeColumns,
    ResidualRegressor,
    RootRegressor,
    SignedRoot,
)


@pytest.mark.parametrize(
    "estimator",
    [ColumnLevel(), RootRegressor(), ResidualRegressor(), SignedRoot(), InformativeColumns()],
    ids=repr,
)
def test_scikit_learn_accepts_it(estimator: Any) -> None:
    check_estimator(estimator)


def test_column_level_refuses_a_column_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="column 3"):
        ColumnLevel(column=3).fit([[1.0, 2.0]], [1.0])


def test_column_level_takes_missing_as_zero() -> None:
    assert ColumnLevel().fit([[1.0]], [1.0]).predict([[np.nan]]).tolist() == [0.0]


def test_root_regressor_recovers_a_square() -> None:
    x = np.linspace(1, 10, 50).reshape(-1, 1)
    y = 4 * x[:, 0] ** 2
    assert RootRegressor(LinearRegression()).fit(x, y).predict(x) == pytest.approx(y)


def test_residual_regressor_adds_what_the_first_misses() -> None:
    x = np.linspace(-1, 1, 200).reshape(-1, 1)
    y = 3 * x[:, 0] + (x[:, 0] > 0)
    model = ResidualRegressor(LinearRegression(), DecisionTreeRegressor(max_depth=4)).fit(x, y)
    assert np.abs(model.predict(x) - y).max() < 0.3
    assert np.abs(LinearRegression().fit(x, y).predict(x) - y).max() > 0.4


def test_columns_that_say_nothing_go() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000))
    rare = np.zeros(2000)
    rare[0] = 1
    matrix = np.stack([np.ones(2000), a, -2 * a + 1, b, rare], axis=1)
    assert InformativeColumns().fit(matrix).get_support().tolist() == [False, True, False, True, False]

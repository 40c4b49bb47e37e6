from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import check_estimator

from profilectl_ml.estimators import (
    CalibratedModel,
    ColumnLevel,
    InformativeColumns,
    LogRegressor,
    NonNegativeTarget,
    ResidualRegressor,
    RootRegressor,
    SignedRoot,
    VaryingColumns,
)
from profilectl_ml.transforms import BoundedColumns, SignedLog


@pytest.mark.parametrize(
    "estimator",
    [
        BoundedColumns(),
        CalibratedModel(),
        ColumnLevel(),
        InformativeColumns(),
        LogRegressor(),
        NonNegativeTarget(),
        ResidualRegressor(),
        RootRegressor(),
        SignedLog(),
        SignedRoot(),
        VaryingColumns(),
    ],
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


def test_log_regressor_recovers_an_exponential_and_keeps_the_total() -> None:
    x = np.linspace(0, 3, 60).reshape(-1, 1)
    y = np.expm1(1.5 * x[:, 0])
    assert LogRegressor(LinearRegression()).fit(x, y).predict(x) == pytest.approx(y)
    noisy = y * np.exp(np.random.default_rng(0).normal(0, 0.8, 60))
    assert LogRegressor(LinearRegression()).fit(x, noisy).predict(x).sum() == pytest.approx(noisy.sum())


def test_a_refund_counts_as_nothing() -> None:
    x = np.array([[0.0], [0.0], [1.0], [1.0]])
    model = NonNegativeTarget(LinearRegression()).fit(x, [-50.0, 0.0, 10.0, 10.0])
    assert model.predict([[0.0], [1.0]]) == pytest.approx([0.0, 10.0])


def test_calibration_moves_the_odds_and_keeps_the_order() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 1))
    y = (x[:, 0] + rng.normal(size=300) > 0).astype(float)
    plain, moved = CalibratedModel().fit(x, y), CalibratedModel(slope=0.5, intercept=-1.0).fit(x, y)
    before, after = plain.predict_proba(x)[:, 1], moved.predict_proba(x)[:, 1]
    assert np.log(after / (1 - after)) == pytest.approx(0.5 * np.log(before / (1 - before)) - 1.0)
    assert (np.argsort(before) == np.argsort(after)).all()


def test_columns_that_cannot_be_split_go() -> None:
    matrix = np.array([[1.0, np.nan, 2.0, np.nan], [1.0, np.nan, 3.0, 5.0], [1.0, np.nan, np.nan, 5.0]])
    assert VaryingColumns().fit(matrix).get_support().tolist() == [False, False, True, False]


def test_a_value_out_of_all_bounds_is_brought_back_and_a_rare_one_stays() -> None:
    matrix = np.zeros((5000, 2))
    matrix[:, 0] = np.linspace(0, 1, 5000)
    matrix[0, 1] = 7.0  # so rare that the bulk is one single value
    bounded = BoundedColumns().fit(matrix)
    assert np.array_equal(bounded.transform(matrix), matrix)
    assert bounded.transform([[1e16, 7.0]])[0] == pytest.approx([4.0, 7.0], abs=0.01)

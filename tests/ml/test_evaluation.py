from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from profilectl_ml.evaluation import evaluate, mean_interval
from profilectl_ml.importance import permutation_importance

RNG = np.random.default_rng(1)
ACTUAL = RNG.gamma(2, 50, 400)
PREDICTED = ACTUAL + RNG.normal(0, 30, 400)
USERS = np.arange(400) // 2


def test_figures_equal_scikit_learns() -> None:
    found = evaluate(ACTUAL, PREDICTED, USERS, seed=0)
    assert found["mse"].value == pytest.approx(mean_squared_error(ACTUAL, PREDICTED))
    assert found["rmse"].value == pytest.approx(mean_squared_error(ACTUAL, PREDICTED) ** 0.5)
    assert found["mae"].value == pytest.approx(mean_absolute_error(ACTUAL, PREDICTED))
    assert found["r2"].value == pytest.approx(r2_score(ACTUAL, PREDICTED))
    assert found["spearman"].value == pytest.approx(spearmanr(ACTUAL, PREDICTED).statistic)
    assert all(m.low < m.value < m.high for m in found.values())


def test_intervals_are_seeded_and_widen_when_rows_of_a_user_are_alike() -> None:
    once = evaluate(ACTUAL, PREDICTED, USERS, seed=5)
    assert once == evaluate(ACTUAL, PREDICTED, USERS, seed=5)
    twice = [np.repeat(part, 4) for part in (ACTUAL, PREDICTED)]
    grouped = evaluate(*twice, np.repeat(USERS, 4), seed=5)["mae"]
    separate = evaluate(*twice, np.arange(1600), seed=5)["mae"]
    assert grouped.high - grouped.low > 1.5 * (separate.high - separate.low)


def test_constant_predictions_give_finite_figures() -> None:
    found = evaluate(ACTUAL, np.full(400, 9.0), USERS, seed=0)
    assert found["spearman"].value == 0
    assert all(np.isfinite([m.value, m.low, m.high]).all() for m in found.values())


def test_mean_interval_covers_the_mean() -> None:
    mean, low, high = mean_interval(RNG.normal(3, 1, (500, 2)), seed=0)
    assert (low < mean).all()
    assert (mean < high).all()
    assert (high - low < 0.3).all()


def test_importance_finds_the_feature_that_matters() -> None:
    matrix = RNG.normal(size=(300, 3))
    matrix[:, 2] = 1.0
    found = permutation_importance(lambda m: 5 * m[:, 1], matrix, 5 * matrix[:, 1], ("a", "b", "c"), seed=0)
    assert [i.feature for i in found] == ["b", "a", "c"]
    assert found[0].low > 3
    assert found[1].importance == found[2].high == 0

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from profilectl_ml.recommending import ease as module
from profilectl_ml.recommending.ease import EaseSetting, fit_ease


def interactions(users: int, items: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.poisson(0.4, (users, items)).astype(float)


def by_regression(x: np.ndarray, ridge: float) -> np.ndarray:
    """EASE by its definition: each item is regressed on all the others."""
    weights = np.zeros((x.shape[1], x.shape[1]))
    for j in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), j)
        a = x[:, others]
        weights[others, j] = np.linalg.solve(a.T @ a + ridge * np.eye(len(others)), a.T @ x[:, j])
    return weights


@pytest.mark.parametrize(("users", "items"), [(40, 12), (12, 40)])
def test_ease_is_the_ridge_regression_of_each_item_on_the_others(users: int, items: int) -> None:
    x = interactions(users, items)
    setting = EaseSetting(5.0, 0.0)
    model = fit_ease(csr_matrix(x), setting)
    expected = by_regression(x, 5.0 * (x**2).sum() / items)
    assert model.scores(csr_matrix(x)) == pytest.approx(x @ expected, abs=1e-4)
    every = np.arange(items)
    assert model.contributions(every.astype(np.int32), every) == pytest.approx(expected, abs=1e-4)


def test_both_forms_agree_for_users_never_seen_and_for_scaled_columns() -> None:
    x, setting = interactions(15, 15), EaseSetting(3.0, 0.25)
    by_items = fit_ease(csr_matrix(x), setting)
    by_users = fit_ease(csr_matrix(np.hstack([x, np.zeros((15, 15))])), EaseSetting(6.0, 0.25))
    stranger = interactions(3, 15)
    found = by_users.scores(csr_matrix(np.hstack([stranger, np.zeros((3, 15))])))[:, :15]
    assert by_items.weights is not None
    assert by_users.weights is None
    assert found == pytest.approx(by_items.scores(csr_matrix(stranger)), abs=1e-4)


def test_a_score_is_the_sum_of_its_contributions() -> None:
    x = interactions(10, 25)
    model = fit_ease(csr_matrix(x), EaseSetting(2.0, 0.25))
    own, to = np.flatnonzero(x[0]).astype(np.int32), np.arange(25)
    parts = model.contributions(own, to) * x[0, own][:, None]
    assert parts.sum(axis=0) == pytest.approx(model.scores(csr_matrix(x[:1]))[0], abs=1e-4)


def test_beyond_the_cap_a_sample_of_users_is_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SIDE", 8)
    x, few = interactions(30, 20), np.arange(0, 16, 2)
    model = fit_ease(csr_matrix(x), EaseSetting(5.0, 0.0), few)
    expected = by_regression(x[few], 5.0 * (x[few] ** 2).sum() / 20)
    assert model.scores(csr_matrix(x)) == pytest.approx(x @ expected, abs=1e-4)

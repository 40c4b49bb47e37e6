from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from profilectl_ml.comparing import Compared, Question
from profilectl_ml.ensembling import ensemble
from profilectl_ml.layout import Layout
from profilectl_ml.losses import row_losses
from profilectl_ml.recipes import BASELINE, Recipe

ROWS = 600
QUESTION = Question(Recipe(Layout(("a",), {}), 0), "mse", ())


@pytest.fixture
def actual() -> np.ndarray:
    return np.random.default_rng(0).normal(10, 3, ROWS)


def member(name: str, actual: np.ndarray, predicted: np.ndarray) -> Compared:
    losses = row_losses("regression", "mse", actual, predicted, actual)
    model = Ridge() if name == "a" else LinearRegression()
    return Compared(name, 2, {}, model, predicted, predicted, losses, float(losses.mean()))


def made(actual: np.ndarray, *members: Compared, question: Question = QUESTION) -> Compared | None:
    base = member(BASELINE, actual, np.full(ROWS, 10.0))
    fold = np.arange(ROWS) % 3
    return ensemble(question, [base, *members], actual, fold, np.arange(ROWS) % 2)


def test_errors_that_differ_cancel_out(actual: np.ndarray) -> None:
    first, second = np.random.default_rng(1).normal(0, 1, (2, ROWS))
    found = made(actual, member("a", actual, actual + first), member("b", actual, actual + second))
    assert found is not None
    # The mean of two independent errors has half their variance.
    assert found.loss == pytest.approx(0.5, abs=0.1)
    assert set(found.params) == {"a", "b"}
    assert sum(found.params.values()) == pytest.approx(1.0, abs=1e-3)
    assert [name for name, _ in found.estimator.estimators] == sorted(found.params)


def test_one_member_that_is_best_alone_makes_no_ensemble(actual: np.ndarray) -> None:
    good, bad = member("a", actual, actual + 0.01), member("b", actual, actual + 5.0)
    assert made(actual, good, bad) is None
    assert made(actual, good) is None


def test_the_weights_of_a_fold_come_from_the_others(actual: np.ndarray) -> None:
    first, second = np.random.default_rng(1).normal(0, 1, (2, ROWS))
    a, b = actual + first, actual + second
    changed = actual.copy()
    here = np.arange(ROWS) % 3 == 0
    # In this fold alone the label is now what `a` says: its own predictions must not notice.
    changed[here] = a[here]
    before = made(actual, member("a", actual, a), member("b", actual, b))
    after = made(changed, member("a", changed, a), member("b", changed, b))
    assert before is not None
    assert after is not None
    assert np.array_equal(before.predicted[here], after.predicted[here])
    assert not np.array_equal(before.predicted[~here], after.predicted[~here])


def test_the_baseline_is_no_member(actual: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(0, 8, (2, ROWS))
    found = made(actual, *(member(n, actual, actual + e) for n, e in zip("ab", noise, strict=True)))
    assert found is not None
    assert BASELINE not in found.params


def test_what_is_judged_is_what_the_fitted_mean_predicts_with_a_minimum(actual: np.ndarray) -> None:
    """Members are averaged as they are, and the mean is raised: not each of them first."""
    first, second = np.random.default_rng(1).normal(0, 1, (2, ROWS))
    label = actual - 10
    members = member("a", label, label + first), member("b", label, label + second)
    found = made(label, *members, question=replace(QUESTION, minimum=0.0))
    assert found is not None
    assert min(one.unbounded.min() for one in members) < -1
    shares = [found.params[one.name] for one in members]
    mean = shares[0] * members[0].unbounded + shares[1] * members[1].unbounded
    # weights of the folds differ a little from those of all rows
    assert np.abs(found.predicted - np.maximum(mean, 0.0)).max() < 0.5
    assert (found.predicted >= 0).all()
    assert np.array_equal(found.predicted, np.maximum(found.unbounded, 0.0))

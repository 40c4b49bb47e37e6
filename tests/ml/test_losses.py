from __future__ import annotations

import numpy as np
import pytest

from profilectl_ml.losses import LOSS_NAMES, difference, per_user, row_losses

ACTUAL, PREDICTED, NAIVE = np.array([1.0, 4.0]), np.array([2.0, 2.0]), np.array([0.0, 1.0])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("mse", [1.0, 4.0]),
        ("mae", [1.0, 2.0]),
        # The baseline is off by 1 and 3: mean absolute error 2, mean squared error 5.
        ("relative", [0.5 * 1 / 2 + 0.5 * 1 / 5, 0.5 * 2 / 2 + 0.5 * 4 / 5]),
        # Power 1.5: 2 (-4 sqrt(y) + 2 y / sqrt(mu) + 2 sqrt(mu)).
        ("tweedie", [2 * (-4 + 2 / 2**0.5 + 2 * 2**0.5), 2 * (-8 + 8 / 2**0.5 + 2 * 2**0.5)]),
    ],
)
def test_losses_of_amounts(metric: str, expected: list[float]) -> None:
    assert row_losses("regression", metric, ACTUAL, PREDICTED, NAIVE) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "expected"), [("log_loss", [-np.log(0.8), -np.log(0.4)]), ("brier", [0.04, 0.36])]
)
def test_losses_of_probabilities(metric: str, expected: list[float]) -> None:
    found = row_losses("classification", metric, np.array([1.0, 0.0]), np.array([0.8, 0.6]), np.zeros(2))
    assert found == pytest.approx(expected)


def test_a_certain_mistake_costs_much_but_not_everything() -> None:
    found = row_losses("classification", "log_loss", np.array([1.0]), np.array([0.0]), np.zeros(1))
    assert 20 < found[0] < 40


def test_a_perfect_prediction_has_no_loss() -> None:
    for metric in LOSS_NAMES["regression"]:
        assert row_losses("regression", metric, ACTUAL, ACTUAL, NAIVE) == pytest.approx([0.0, 0.0])


def test_differences_count_users_not_rows() -> None:
    gaps = np.array([1.0, 3.0, 2.0])
    assert per_user(gaps, np.array([0, 1, 1])).tolist() == [1.0, 5.0]
    mean, error = difference(gaps, np.zeros(3), np.array([0, 1, 1]))
    # Two users with sums 1 and 5: standard error of the sum's mean is 2, of the mean over rows 2 * 2 / 3.
    assert (mean, error) == (pytest.approx(2.0), pytest.approx(4 / 3))
    copied = difference(np.repeat(gaps, 2), np.zeros(6), np.repeat([0, 1, 1], 2))
    assert copied == pytest.approx((mean, error))
    assert difference(gaps, gaps, np.array([0, 0, 0])) == (0.0, 0.0)

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from profilectl_ml.calibration import calibrate

ROWS = 4000


@pytest.fixture
def truth() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    odds = rng.normal(-1, 1.5, ROWS)
    return odds, (rng.random(ROWS) < expit(odds)).astype(float), rng.integers(0, 2, ROWS)


def test_a_distorted_probability_is_put_right(truth: tuple) -> None:
    odds, actual, half = truth
    distorted = expit(2.5 * odds + 2.0)
    found, calibration = calibrate(actual, distorted, half)
    assert calibration is not None
    assert calibration.slope == pytest.approx(1 / 2.5, rel=0.1)
    assert calibration.intercept == pytest.approx(-2.0 / 2.5, rel=0.15)
    assert np.abs(found - expit(odds)).max() < 0.06 < np.abs(distorted - expit(odds)).max()


def test_a_good_one_is_left_as_good_as_alone(truth: tuple) -> None:
    odds, actual, half = truth
    found, _ = calibrate(actual, expit(odds), half)
    assert np.abs(found - expit(odds)).max() < 0.05


def test_the_same_array_comes_back_where_calibration_does_not_help() -> None:
    # Each half is distorted the other way round, so that what one teaches makes the other worse.
    rng = np.random.default_rng(1)
    odds, half = rng.normal(0, 1, ROWS), np.arange(ROWS) % 2
    actual = (rng.random(ROWS) < expit(odds)).astype(float)
    predicted = expit(np.where(half == 0, odds + 1.5, odds - 1.5))
    found, calibration = calibrate(actual, predicted, half)
    assert calibration is None
    assert found is predicted


def test_a_row_is_never_corrected_by_its_own_half(truth: tuple) -> None:
    odds, actual, half = truth
    distorted = expit(2.5 * odds + 2.0)
    before, _ = calibrate(actual, distorted, half)
    changed = actual.copy()
    rows = np.flatnonzero(half == 0)[:200]
    changed[rows] = 1 - changed[rows]
    after, _ = calibrate(changed, distorted, half)
    assert np.array_equal(before[half == 0], after[half == 0])
    assert not np.allclose(before[half == 1], after[half == 1])


def test_a_model_that_orders_the_wrong_way_round_is_not_turned_round(truth: tuple) -> None:
    odds, actual, half = truth
    assert calibrate(actual, expit(-odds), half)[1] is None


def test_one_class_or_one_prediction_teaches_nothing() -> None:
    flat, half = np.full(10, 0.3), np.arange(10) % 2
    assert calibrate(np.tile([0.0, 0.0, 1.0, 1.0, 0.0], 2), flat, half)[1] is None
    assert calibrate(np.zeros(10), np.linspace(0.1, 0.9, 10), half)[1] is None

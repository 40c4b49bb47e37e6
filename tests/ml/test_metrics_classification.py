from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from profilectl_ml.metrics_classification import METRICS, Ranked, best_threshold, reliability


@pytest.fixture
def tied() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    actual = (rng.random(500) < 0.3).astype(float)
    return actual, np.round(np.clip(0.3 * actual + 0.6 * rng.random(500), 0.05, 0.95), 1)


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_are_those_of_scikit_learn_ties_included(tied: tuple, weighted: bool) -> None:
    actual, predicted = tied
    w = np.random.default_rng(1).poisson(1.0, 500).astype(float) if weighted else np.ones(500)
    found = dict(zip(METRICS, Ranked(actual, predicted, 0.5, (1.0, 5.0)).metrics(w[None, :])[0], strict=True))
    above = predicted >= 0.5
    expected = {
        "auc": roc_auc_score(actual, predicted, sample_weight=w),
        "average_precision": average_precision_score(actual, predicted, sample_weight=w),
        "brier": brier_score_loss(actual, predicted, sample_weight=w),
        "log_loss": log_loss(actual, predicted, sample_weight=w),
        "cost": np.average((above & (actual < 1)) + 5.0 * (~above & (actual > 0)), weights=w),
        "precision": precision_score(actual, above, sample_weight=w),
        "recall": recall_score(actual, above, sample_weight=w),
    }
    assert found == pytest.approx(expected)


def test_one_class_only_orders_nothing() -> None:
    found = Ranked(np.ones(3), np.array([0.1, 0.5, 0.9]), 0.5, (1.0, 1.0)).metrics(np.ones((1, 3)))[0]
    assert found[METRICS.index("auc")] == 0.5
    assert np.isfinite(found).all()


def test_the_threshold_follows_the_costs() -> None:
    actual, predicted = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.6, 0.9])
    assert best_threshold(actual, predicted, (1.0, 10.0)) == pytest.approx(0.15)
    assert best_threshold(actual, predicted, (10.0, 1.0)) == pytest.approx(0.75)
    for costs in ((1.0, 3.0), (3.0, 1.0)):
        at = best_threshold(actual, predicted, costs)
        every = [np.dot(costs, _mistakes(actual, predicted, t)) for t in np.linspace(0, 1, 101)]
        assert np.dot(costs, _mistakes(actual, predicted, at)) == min(every)


def _mistakes(actual: np.ndarray, predicted: np.ndarray, threshold: float) -> tuple[int, int]:
    above = predicted >= threshold
    return int((above & (actual < 1)).sum()), int((~above & (actual > 0)).sum())


def test_reliability_bins_hold_every_row_once() -> None:
    rng = np.random.default_rng(2)
    predicted = rng.random(1003)
    bins = reliability((rng.random(1003) < predicted).astype(float), predicted)
    assert sum(rows for _, rows, *_ in bins) == 1003
    assert all(abs(mean - share) < 0.15 for *_, mean, share in bins)
    assert [number for number, *_ in bins] == list(range(10))

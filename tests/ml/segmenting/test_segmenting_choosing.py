from __future__ import annotations

import numpy as np
import pytest

from profilectl_ml.evaluation import Metric
from profilectl_ml.segmenting.choosing import Tried, choose_k, silhouette, stability, try_k
from profilectl_ml.segmenting.clusterers import kmeans


def tried(k: int, apart: float, again: float, error: float = 0.01) -> Tried:
    return Tried(k, Metric(apart, apart, apart), Metric(again, again - 1.96 * error, again + 1.96 * error))


def test_the_best_silhouette_among_the_stable() -> None:
    best, why = choose_k([tried(2, 0.3, 0.9), tried(3, 0.4, 0.85), tried(4, 0.6, 0.5)], 0.8)
    assert best.k == 3
    assert "2 of 3" in why


def test_near_the_most_stable_where_none_is_stable() -> None:
    best, why = choose_k([tried(2, 0.3, 0.7, 0.05), tried(3, 0.4, 0.66), tried(4, 0.6, 0.5)], 0.8)
    assert best.k == 3
    assert "none reaches 0.8" in why


def test_blobs_are_found_again_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    blobs = np.vstack([rng.normal(centre, 0.1, (60, 2)) for centre in (0.0, 5.0)])
    found = try_k(blobs, 2, lambda seed: kmeans(2, seed), 1)
    assert found.stability.value == pytest.approx(1.0)
    assert found.silhouette.value > 0.9
    noise = stability(rng.normal(size=(120, 5)), lambda seed: kmeans(6, seed), 1)
    assert noise.value < 0.8
    assert noise.low < noise.value < noise.high


def test_one_segment_separates_nothing() -> None:
    assert silhouette(np.zeros((9, 2)), np.zeros(9, dtype=np.int64), 1).value == 0.0

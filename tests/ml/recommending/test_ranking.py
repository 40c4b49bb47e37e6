from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilectl_ml.recommending.ranking import best, figures


@given(
    st.lists(st.lists(st.integers(-3, 3), min_size=7, max_size=7), min_size=1, max_size=5), st.integers(1, 9)
)
def test_best_is_a_stable_sort(rows: list[list[int]], k: int) -> None:
    scores = np.array(rows, dtype=np.float32)
    scores[scores == -3] = -np.inf
    assert best(scores, k).tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :k].tolist()


def test_figures_by_hand() -> None:
    hits = np.zeros((2, 20), dtype=bool)
    hits[0, [0, 2, 14]] = True
    hits[1, 19] = True
    found = figures(hits, np.array([4, 1]))
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4) + 1 / np.log2(5)
    assert found[0] == pytest.approx([(1 + 1 / np.log2(4)) / ideal, 3 / 4])
    assert found[1] == pytest.approx([0.0, 1.0])


def test_more_than_ten_hits_are_a_perfect_ndcg() -> None:
    assert figures(np.ones((1, 20), dtype=bool), np.array([40])).tolist() == [[1.0, 0.5]]


def test_short_lists_count() -> None:
    assert figures(np.array([[True, False]]), np.array([1]))[0].tolist() == [1.0, 1.0]

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from profilectl_ml import choosing
from profilectl_ml.choosing import choose
from profilectl_ml.comparing import Compared, Comparison, Question, Rows
from profilectl_ml.folds import Folds
from profilectl_ml.layout import Layout
from profilectl_ml.recipes import BASELINE, Recipe

ROWS = 400


def compared(name: str, complexity: int, losses: np.ndarray) -> Compared:
    return Compared(name, complexity, {}, None, np.zeros(ROWS), np.zeros(ROWS), losses, float(losses.mean()))


def chosen(monkeypatch: pytest.MonkeyPatch, *found: Compared, kind: str = "regression"):
    monkeypatch.setattr(choosing, "compare", lambda *_: Comparison(list(found), [], {}))
    question = Question(Recipe(Layout(("a",), {}), 0, kind), "mse", tuple(c.name for c in found[1:]))
    rows = Rows(np.zeros((ROWS, 1)), np.arange(ROWS) % 2 * 1.0, np.arange(ROWS).astype(str))
    halves = np.array_split(np.arange(ROWS), 2)
    folds = Folds(((halves[1], halves[0]), (halves[0], halves[1])))
    return choose(question, rows, folds, lambda share, what: None)


@pytest.fixture
def hard() -> np.ndarray:
    """Some rows are much harder than others, for every model alike."""
    return np.random.default_rng(0).gamma(1.0, 10.0, ROWS)


@pytest.fixture
def noise() -> np.ndarray:
    """Mean exactly 0, standard deviation exactly 1."""
    raw = np.random.default_rng(1).normal(size=ROWS)
    return (raw - raw.mean()) / raw.std(ddof=1)


def test_the_simplest_within_one_standard_error_wins(
    monkeypatch: pytest.MonkeyPatch, hard: np.ndarray, noise: np.ndarray
) -> None:
    error = 1 / ROWS**0.5
    best = compared("forest", 6, hard)
    far = compared("linear", 1, hard + noise + 1.5 * error)
    near = compared("ridge", 2, hard + noise + 0.9 * error)
    also = compared("boosting", 5, hard + noise + 0.1 * error)
    choice = chosen(monkeypatch, compared(BASELINE, 0, hard + 5.0), far, near, also, best)
    assert choice.winner.name == "ridge"
    assert [s.name for s in choice.standings] == ["forest", "boosting", "ridge", "linear", BASELINE]
    behind = {s.name: s for s in choice.standings}
    assert behind["ridge"].error == pytest.approx(error)
    assert [behind[n].close for n in ("forest", "ridge", "linear", BASELINE)] == [True, True, False, False]
    assert "ridge is the simplest within one standard error of the best, forest" in choice.why


def test_the_baseline_wins_where_nothing_is_clearly_better(
    monkeypatch: pytest.MonkeyPatch, hard: np.ndarray, noise: np.ndarray
) -> None:
    better = compared("ridge", 2, hard + noise - 0.5 / ROWS**0.5)
    assert chosen(monkeypatch, compared(BASELINE, 0, hard), better).winner.name == BASELINE
    clearly = compared("ridge", 2, hard + noise - 2.0 / ROWS**0.5)
    assert chosen(monkeypatch, compared(BASELINE, 0, hard), clearly).winner.name == "ridge"


def test_of_equally_complex_ones_the_better_wins(monkeypatch: pytest.MonkeyPatch, hard: np.ndarray) -> None:
    one, other = compared("a", 3, hard + 0.0), compared("b", 3, hard - 1e-6)
    choice = chosen(monkeypatch, compared(BASELINE, 0, hard + 5), one, other)
    assert choice.winner.name == "b"
    assert "b has the smallest mse" in choice.why


def test_only_a_classification_has_thresholds(monkeypatch: pytest.MonkeyPatch, hard: np.ndarray) -> None:
    base = compared(BASELINE, 0, hard)
    told = replace(compared("a", 1, hard - 9), predicted=np.arange(ROWS) % 2 * 0.6 + 0.2)
    assert chosen(monkeypatch, base, told).thresholds == {}
    found = chosen(monkeypatch, base, told, kind="classification").thresholds
    assert found == {BASELINE: pytest.approx(0.5), "a": pytest.approx(0.5)}

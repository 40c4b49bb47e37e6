from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from profilectl_ml import comparing
from profilectl_ml.comparing import Comparison, Question, Rows, compare
from profilectl_ml.folds import Folds, grouped_folds
from profilectl_ml.layout import Layout
from profilectl_ml.recipes import BASELINE, Recipe

COUNT = 300


def problem(kind: str = "regression", order: np.ndarray | None = None) -> tuple[Question, Rows, Folds]:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(COUNT, 3))
    label = matrix[:, 0] * 2 + rng.normal(size=COUNT)
    if kind == "classification":
        label = (label > 0).astype(float)
    users = np.array([f"u{i:03}" for i in range(COUNT)])
    metric = {"regression": "mse", "classification": "log_loss"}[kind]
    names = {"regression": ("linear", "ridge"), "classification": ("logistic",)}[kind]
    question = Question(Recipe(Layout(("a", "b", "c"), {}), 3, kind), metric, names)
    return question, Rows(matrix, label, users), grouped_folds(label, np.arange(COUNT), kind, 4, 3)


def run(question: Question, rows: Rows, folds: Folds) -> Comparison:
    return compare(question, rows, folds, lambda share, what: None)


def test_halving_tries_fewer_settings_on_larger_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_ENOUGH_ROWS", 20)
    found = run(*problem())
    tried = Counter((t.candidate, t.share) for t in found.trials)
    assert [tried["ridge", share] for share in (0.25, 0.5, 1.0)] == [7, 3, 1]
    # A single setting has nobody to be told apart from.
    assert [tried["linear", share] for share in (0.25, 0.5, 1.0)] == [0, 0, 1]
    ridge = [t for t in found.trials if t.candidate == "ridge"]
    best = sorted((t for t in ridge if t.share == 0.25), key=lambda t: t.loss)[:3]
    assert [t.params for t in ridge if t.share == 0.5] == [t.params for t in best]
    assert next(c for c in found.compared if c.name == "ridge").params == ridge[-1].params


def test_few_rows_are_not_made_fewer() -> None:
    found = run(*problem())
    assert {t.share for t in found.trials} == {1.0}
    assert Counter(t.candidate for t in found.trials) == {BASELINE: 1, "linear": 1, "ridge": 7}


def test_without_time_the_baseline_and_one_candidate_are_compared_and_the_rest_reported() -> None:
    question, rows, folds = problem()
    found = run(replace(question, budget_seconds=0.0), rows, folds)
    assert [c.name for c in found.compared] == [BASELINE, "linear"]
    assert found.skipped == {"ridge": "the 0 s were used up"}


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_the_same_seed_makes_the_same_trials(kind: str) -> None:
    question, rows, folds = problem(kind)
    first, second = (run(question, rows, folds) for _ in range(2))
    assert [(t.candidate, t.params, t.share, t.loss) for t in first.trials] == [
        (t.candidate, t.params, t.share, t.loss) for t in second.trials
    ]
    for one, other in zip(first.compared, second.compared, strict=True):
        assert np.array_equal(one.predicted, other.predicted)


def test_predictions_stand_beside_the_rows_they_are_for() -> None:
    question, rows, folds = problem()
    linear = run(question, rows, folds).compared[1]
    for number, (learnt, judged) in enumerate(folds.pairs):
        model = comparing.fit(linear.estimator, rows.matrix[learnt], rows.label[learnt])
        assert linear.predicted[folds.number == number] == pytest.approx(model.predict(rows.matrix[judged]))
    assert linear.losses == pytest.approx((rows.label[folds.rows] - linear.predicted) ** 2)


def test_predictions_are_raised_to_the_minimum() -> None:
    question, rows, folds = problem()
    found = run(replace(question, minimum=0.0), rows, folds)
    assert all(c.predicted.min() >= 0 for c in found.compared)


def test_who_is_in_a_smaller_try_depends_on_the_id_alone() -> None:
    _, rows, _ = problem()
    back = Rows(rows.matrix[::-2], rows.label[::-2], rows.users[::-2])
    assert np.array_equal(back.spread, rows.spread[::-2])
    assert (rows.spread < 250).mean() == pytest.approx(0.25, abs=0.08)

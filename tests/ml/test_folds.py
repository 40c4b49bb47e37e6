from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from profilectl_ml.data import Examples
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.folds import Folds, fold_count, grouped_folds, plan
from profilectl_ml.layout import Layout


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_no_user_on_both_sides_and_every_row_judged_once(kind: str) -> None:
    rng = np.random.default_rng(0)
    users = rng.integers(0, 80, 400)
    label = (rng.random(400) < 0.2).astype(float) if kind == "classification" else rng.gamma(1, 50, 400)
    folds = grouped_folds(label, users, kind, 5, 1)
    assert sorted(folds.rows.tolist()) == list(range(400))
    for learnt, judged in folds.pairs:
        assert not set(users[learnt]) & set(users[judged])
        assert len(learnt) + len(judged) == 400
        assert label[judged].mean() == pytest.approx(label.mean(), rel=0.5)


def test_the_seed_decides_the_folds() -> None:
    label, users = np.arange(100.0), np.arange(100)
    one, same, other = (grouped_folds(label, users, "regression", 4, seed).rows for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_fewer_users_make_fewer_folds_and_one_is_refused() -> None:
    label = np.array([0.0, 1.0, 0.0, 1.0])
    assert len(grouped_folds(label, np.array([0, 0, 1, 1]), "classification", 5, 0).pairs) == 2
    with pytest.raises(ProfilectlError, match="too few users"):
        grouped_folds(label, np.zeros(4, dtype=np.int64), "classification", 5, 0)


@pytest.mark.parametrize("users", [7, 15, 40, 48, 79, 112])
@pytest.mark.parametrize("labels", ["even classes", "distinct amounts", "mostly nothing"])
def test_few_users_have_folds_whatever_their_labels(labels: str, users: int) -> None:
    distinct = np.random.default_rng(users).random(users)
    label = {
        "even classes": np.arange(users) % 2.0,
        "distinct amounts": distinct,
        "mostly nothing": np.where(distinct > 0.8, distinct, 0.0),
    }[labels]
    kind = "classification" if labels == "even classes" else "regression"
    folds = grouped_folds(label, np.arange(users), kind, fold_count(users), 1)
    assert sorted(folds.rows.tolist()) == list(range(users))


@pytest.mark.parametrize("seed", range(5))
def test_every_fold_learns_from_more_than_one_label(seed: int) -> None:
    label = np.zeros(60)
    label[seed] = 1.0
    folds = grouped_folds(label, np.arange(60), "classification", 10, seed)
    assert len(folds.pairs) == 9
    assert all(np.ptp(label[learnt]) > 0 for learnt, _ in folds.pairs)
    with pytest.raises(ProfilectlError, match="nothing to tell apart"):
        grouped_folds(np.zeros(60), np.arange(60), "classification", 10, seed)


def test_few_rows_deserve_many_folds() -> None:
    assert [fold_count(n) for n in (0, 500, 5000, 100_000)] == [10, 10, 4, 3]


def test_numbers_and_halves_follow_the_order_of_the_judged_rows() -> None:
    rows = [np.array(part) for part in ([4, 5], [0], [1, 2])]
    folds = Folds(tuple((np.array([9]), part) for part in rows))
    assert folds.number.tolist() == [0, 0, 1, 2, 2]
    assert folds.every_other().rows.tolist() == folds.rows[folds.even].tolist() == [4, 5, 1, 2]


def _examples(cutoffs: np.ndarray) -> Examples:
    count = len(cutoffs)
    users = np.array([f"u{i % 60}" for i in range(count)], dtype=object)
    label = np.random.default_rng(0).random(count)
    return Examples(Layout(("a",), {}), np.zeros((count, 1)), label, users, cutoffs, "")


def test_without_time_a_fifth_of_the_users_is_kept_aside() -> None:
    examples = _examples(np.full(300, np.datetime64("NaT", "D")))
    found = plan(examples, "regression", 1, 0)
    aside = set(examples.users[found.judged])
    assert len(aside) == 12
    assert not aside & set(examples.users[found.learnt])
    assert sorted(found.folds.rows.tolist()) == sorted(found.learnt.tolist())
    for learnt, judged in found.folds.pairs:
        assert not set(examples.users[learnt]) & set(examples.users[judged])
        assert not aside & {*examples.users[learnt], *examples.users[judged]}


def test_with_time_the_last_cutoff_is_judged_and_never_looked_at() -> None:
    days = [date(2017, 1, 1) + timedelta(days=28 * i) for i in range(5)]
    found = plan(_examples(np.repeat(np.array(days, dtype="datetime64[D]"), 60)), "regression", 28, 0)
    assert found.test_cutoff == days[-1]
    assert found.train_cutoffs == tuple(days[:-1])
    seen = np.concatenate([np.concatenate(pair) for pair in found.folds.pairs])
    assert not set(seen) & set(found.judged)

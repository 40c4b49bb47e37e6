from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from profilectl_ml import learning
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.learning import learn

COUNT = 400


@pytest.fixture
def frame() -> pa.Table:
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "noise": rng.normal(size=COUNT),
            "size": rng.gamma(2, 2, COUNT),
            "home": rng.choice(["owner", "renter"], COUNT),
            "name": [f"n{i}" for i in range(COUNT)],
            "since": np.full(COUNT, np.datetime64("2017-01-01")),
        }
    )


@pytest.fixture
def amount(frame: pa.Table) -> np.ndarray:
    home = np.array(frame.column("home").to_pylist()) == "owner"
    return np.asarray(frame.column("size")) * 5 + 20 * home + np.random.default_rng(1).normal(size=COUNT)


def test_amounts_are_learnt_from_numbers_and_categories(frame: pa.Table, amount: np.ndarray) -> None:
    found = learn("regression", frame, amount, candidates=("linear",))
    assert found.layout.names == ("home", "noise", "size")
    assert found.choice.winner.name == "linear"
    assert np.abs(found.predict(frame) - amount).mean() < 1.5


def test_probabilities_are_learnt_from_classes(frame: pa.Table, amount: np.ndarray) -> None:
    label = (amount > np.median(amount)).astype(float)
    predicted = learn("classification", frame, label, candidates=("logistic",)).predict(frame)
    assert 0 <= predicted.min() < 0.1 < 0.9 < predicted.max() <= 1
    assert ((predicted > 0.5) == (label > 0.5)).mean() > 0.9


def test_the_order_of_columns_changes_nothing(frame: pa.Table, amount: np.ndarray) -> None:
    turned = frame.select(frame.column_names[::-1])
    one, other = (learn("regression", f, amount, candidates=("ridge",)) for f in (frame, turned))
    assert np.array_equal(one.predict(frame), other.predict(turned))


def test_the_minimum_holds_for_new_rows(frame: pa.Table, amount: np.ndarray) -> None:
    found = learn("regression", frame, amount - 50, candidates=("linear",), minimum=0.0)
    assert found.predict(frame).min() == 0.0


@pytest.mark.parametrize("most", [10_000, 100])
def test_candidates_are_told_apart_on_whole_users(
    frame: pa.Table, amount: np.ndarray, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(learning, "MOST_COMPARED", most)
    seen = []
    choose = learning.choose
    monkeypatch.setattr(
        learning, "choose", lambda q, rows, *rest: seen.append(rows) or choose(q, rows, *rest)
    )
    users = np.arange(COUNT) // 4
    learn("regression", frame, amount, users=users, candidates=("linear",))
    _, rows = np.unique(seen[0].users, return_counts=True)
    assert rows.sum() == min(most, COUNT)
    assert set(rows) == {4}


def test_with_times_folds_are_out_of_time(
    frame: pa.Table, amount: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    choose = learning.choose
    monkeypatch.setattr(
        learning, "choose", lambda q, r, folds, *rest: seen.append(folds) or choose(q, r, folds, *rest)
    )
    times = np.datetime64("2017-01-01") + 28 * (np.arange(COUNT) % 4)
    users = np.arange(COUNT) // 4
    learn("regression", frame, amount, users=users, times=times, horizon_days=28, candidates=("linear",))
    assert seen[0].pairs
    for learnt, judged in seen[0].pairs:
        assert times[learnt].max() < times[judged].min()
        assert not set(users[learnt]) & set(users[judged])


def test_nothing_to_learn_from_is_an_error(frame: pa.Table, amount: np.ndarray) -> None:
    with pytest.raises(ProfilectlError, match="no column to learn from"):
        learn("regression", frame.select(["name", "since"]), amount)

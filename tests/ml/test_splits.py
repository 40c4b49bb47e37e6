from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.splits import TimeSplit, out_of_time, split_at, user_groups, validation_folds

DAYS = st.sets(st.integers(0, 400), min_size=1, max_size=25).map(
    lambda offsets: [date(2017, 1, 1) + timedelta(days=o) for o in offsets]
)


def window(cutoff: date, horizon: int) -> set[date]:
    return {cutoff + timedelta(days=d) for d in range(1, horizon + 1)}


def leaks(split: TimeSplit, horizon: int) -> bool:
    return any(window(c, horizon) & window(split.test, horizon) or c >= split.test for c in split.train)


def test_a_leaky_split_is_recognised() -> None:
    assert leaks(TimeSplit(train=(date(2017, 1, 2),), test=date(2017, 1, 29)), 28)


@given(DAYS, st.integers(1, 60))
def test_no_label_window_is_on_both_sides(cutoffs: list[date], horizon: int) -> None:
    try:
        outer = out_of_time(cutoffs, horizon)
    except ProfilectlError:
        return
    assert outer.test == max(cutoffs)
    assert not leaks(outer, horizon)
    try:
        folds = validation_folds(outer.train, horizon)
    except ProfilectlError:
        return
    for fold in folds:
        assert not leaks(fold, horizon)
        assert not window(fold.test, horizon) & window(outer.test, horizon)
        assert set(fold.train) | {fold.test} <= set(outer.train)


def test_a_window_may_end_on_the_day_of_the_test_cutoff() -> None:
    days = [date(2017, 1, 1), date(2017, 1, 2), date(2017, 1, 29)]
    assert split_at(days, days[-1], 28).train == (date(2017, 1, 1),)


def test_folds_are_the_latest_and_judge_disjoint_windows() -> None:
    train = [date(2017, 1, 1) + timedelta(days=28 * i) for i in range(6)]
    assert [fold.test for fold in validation_folds(train, 28)] == train[3:]


@pytest.mark.parametrize("days", [[], [date(2017, 1, 1)], [date(2017, 1, 1), date(2017, 1, 20)]])
def test_too_short_a_history_is_a_clear_error(days: list[date]) -> None:
    with pytest.raises(ProfilectlError, match="cannot split out of time"):
        out_of_time(days, 28)


def test_one_training_cutoff_leaves_nothing_to_validate_on() -> None:
    with pytest.raises(ProfilectlError, match="cannot choose between models"):
        validation_folds([date(2017, 1, 1)], 28)


def test_groups_depend_on_the_id_alone() -> None:
    users = [f"u{i}" for i in range(200)]
    forward, backward = user_groups(users), user_groups(users[::-1])
    assert list(forward) == list(backward[::-1])
    assert 60 < forward.sum() < 140

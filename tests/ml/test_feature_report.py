from __future__ import annotations

import numpy as np
import pytest

from profilectl_ml.comparing import Rows
from profilectl_ml.feature_report import FeatureFacts, feature_report
from profilectl_ml.folds import grouped_folds
from profilectl_ml.layout import Layout
from profilectl_ml.stability import stability_index

DAYS = np.repeat(np.array(["2017-01-01", "2017-01-29"], dtype="datetime64[D]"), 500)


def reported(cutoffs: np.ndarray = DAYS) -> dict[str, FeatureFacts]:
    rng = np.random.default_rng(0)
    signal, noise, moved = rng.normal(size=(3, 1000))
    moved[500:] += 2.0
    label = signal + 0.3 * rng.normal(size=1000)
    matrix = np.stack([np.exp(signal), noise, moved, 3 - 2 * signal, np.ones(1000)], axis=1)
    matrix[::10, 1] = np.nan
    layout = Layout(("signal", "noise", "moved", "signal_copy", "constant"), {})
    rows = Rows(matrix, label, np.arange(1000))
    folds = grouped_folds(label, np.arange(1000), "regression", 3, 0)
    return {f.feature: f for f in feature_report(layout, rows, folds, np.arange(1000), cutoffs)}


def test_the_stability_index_of_a_shift() -> None:
    before = np.random.default_rng(1).normal(size=5000)
    assert stability_index(before, before) == 0.0
    assert stability_index(before, np.random.default_rng(2).normal(size=5000)) < 0.02
    assert 0.1 < stability_index(before, before + 0.5) < stability_index(before, before + 2.0)
    gone = before.copy()
    gone[: len(gone) // 2] = np.nan
    assert stability_index(before, gone) > 0.25


def test_by_hand() -> None:
    # Ten bins of a tenth each; afterwards everything is in the last one, the others hold the floor of 0.0001.
    before = np.arange(1000.0)
    expected = (1 - 0.1) * np.log(1 / 0.1) + 9 * (1e-4 - 0.1) * np.log(1e-4 / 0.1)
    assert stability_index(before, np.full(50, 5000.0)) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("most", [0.5, 0.7, 0.92, 0.95, 1.0])
@pytest.mark.parametrize(
    "others", [np.zeros(1000), np.arange(1000.0) % 7], ids=["yes or no", "a count that is capped"]
)
def test_a_value_that_most_have_is_missed_when_it_falls(most: float, others: np.ndarray) -> None:
    before = np.where(np.arange(1000) < most * 1000, 7.0 if others.any() else 1.0, others)
    for fallen in (0.0, float(np.nextafter(before.max(), 0))):
        after = np.where(before == before.max(), fallen, before)
        assert stability_index(before, after) > 0.25
        assert stability_index(after, before) > 0.25
    assert stability_index(before, before[::-1]) == pytest.approx(0.0)


def test_a_shifted_feature_has_moved_and_the_others_have_not() -> None:
    found = reported()
    assert found["moved"].psi is not None
    assert found["moved"].psi > 0.25
    assert all(f.psi is not None and f.psi < 0.1 for n, f in found.items() if n != "moved")


def test_without_time_nothing_can_move() -> None:
    still = np.full(1000, np.datetime64("2017-01-01"))
    never = np.full(1000, np.datetime64("NaT", "D"))
    assert {f.psi for days in (still, never) for f in reported(days).values()} == {None}


def test_a_copy_is_redundant_and_noise_is_not() -> None:
    found = reported()
    pair = [found["signal"], found["signal_copy"]]
    assert [f.relevance > 0.9 for f in pair] == [True, True]
    first, second = (f for f in found.values() if f in pair)
    assert second.redundant_with == first.feature
    assert second.redundancy == pytest.approx(1.0, abs=0.01)
    assert found["noise"].relevance < 0.1
    assert found["noise"].redundancy < 0.1


def test_the_most_relevant_comes_first_and_a_constant_is_never_selected() -> None:
    found = reported()
    assert next(iter(found)) in ("signal", "signal_copy")
    relevances = [f.relevance for f in found.values()]
    assert relevances == sorted(relevances, reverse=True)
    assert (found["constant"].selected, found["noise"].selected) == (0.0, 1.0)


def categorised(seed: int, order: np.ndarray | None = None) -> dict[str, FeatureFacts]:
    """Levels whose means are high, low and high again, beside many that say nothing; some are not known."""
    rng = np.random.default_rng(seed)
    bent = rng.integers(0, 3, 1000)
    copied = bent if order is None else order[bent]
    many = rng.integers(0, 40, 1000)
    label = np.array([5.0, 0.0, 5.0])[bent] + rng.normal(size=1000)
    columns = [copied, many, bent, label + 3 * rng.normal(size=1000)]
    matrix = np.stack(columns, axis=1).astype(float)
    matrix[::10, 1] = np.nan
    layout = Layout(
        ("bent", "many", "twin", "number"),
        {"bent": ("a", "b", "c"), "many": tuple(map(str, range(40))), "twin": ("a", "b", "c")},
    )
    folds = grouped_folds(label, np.arange(1000), "regression", 3, 0)
    rows = Rows(matrix, label, np.arange(1000))
    return {f.feature: f for f in feature_report(layout, rows, folds, np.arange(1000), DAYS)}


@pytest.mark.parametrize("seed", range(5))
def test_what_levels_are_called_changes_nothing(seed: int) -> None:
    plain = categorised(seed)
    for order in ([1, 0, 2], [2, 0, 1], [0, 2, 1]):
        renamed = categorised(seed, np.array(order))
        for name, facts in plain.items():
            assert renamed[name].relevance == pytest.approx(facts.relevance)
            assert renamed[name].redundancy == pytest.approx(facts.redundancy)
            assert renamed[name].redundant_with == facts.redundant_with


@pytest.mark.parametrize("seed", range(5))
def test_a_category_is_worth_what_its_levels_say(seed: int) -> None:
    found = categorised(seed)
    # A third apart from two thirds explains about two thirds of what ranks vary: 0.82 as a correlation.
    assert found["bent"].relevance > 0.75
    # Forty levels of nothing would explain a twentieth of any label, that is 0.2 as a correlation.
    assert found["many"].relevance < 0.15
    assert found["twin"].redundancy == pytest.approx(1.0)
    assert found["many"].redundancy < 0.15
    assert {found[name].selected for name in ("bent", "many", "twin")} == {1.0}

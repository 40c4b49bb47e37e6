from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pytest

from profilectl_ml.candidates import DEFAULT_CANDIDATES
from profilectl_ml.data import read_examples
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.folds import Folds, make_folds
from profilectl_ml.results import TrainResult
from profilectl_ml.splits import out_of_time, validation_folds
from profilectl_ml.tasks import Level, Task
from profilectl_ml.training import train

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]


def scores(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    return connection.execute("select user_id, score, percentile from ml.scores order by user_id").fetchall()


def figures(result: TrainResult) -> tuple[Any, ...]:
    return result.winner, result.params, result.validation, result.test, result.importance, result.fingerprint


@pytest.fixture
def folds(make_marts: MakeMarts, quick_task: Task) -> tuple[Any, Folds]:
    examples = read_examples(make_marts(), quick_task)
    days = sorted(set(examples.cutoffs.tolist()))
    return examples, make_folds(examples, validation_folds(out_of_time(days, 28).train, 28))


def test_every_candidate_is_compared_and_judged(make_marts: MakeMarts, spend_task: Task) -> None:
    seen: list[tuple[float, str]] = []
    connection = make_marts(users=60, cutoffs=3)
    result = train(
        connection,
        replace(spend_task, candidates=DEFAULT_CANDIDATES["regression"]),
        progress=lambda *step: seen.append(step),
    )
    made = {"baseline", *DEFAULT_CANDIDATES["regression"]} - set(result.details["skipped"])
    assert set(result.validation) == set(result.test) == made
    assert set(result.details["skipped"]) <= {"ensemble"}
    stored = connection.execute("select distinct candidate, split from ml.metrics").fetchall()
    assert len(stored) == 2 * len(made)
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_better_model_is_promoted_and_serves(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    result = train(connection, quick_task)
    assert result.promoted
    assert result.test["ridge"]["rmse"].value < result.test["baseline"]["rmse"].value
    assert "ridge beats the baseline" in result.reason
    assert connection.execute("select chosen, promoted from ml.runs").fetchall() == [("ridge", True)]
    assert connection.execute("select count(*) from ml.test_predictions").fetchall() == [(120,)]


def test_the_baseline_serves_where_nothing_beats_it(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts(label="baseline")
    result = train(connection, replace(quick_task, max_alone=1.0))
    assert (result.serving, result.promoted) == ("baseline", False)
    assert "the baseline serves" in result.reason
    wrong = connection.execute(
        "select count(*) from ml.scores s join marts.user_features f using (user_id)"
        " where abs(s.score - f.spend_84d / 3) > 1e-9"
    ).fetchall()
    assert wrong == [(0,)]


def test_a_winner_that_fails_the_test_cutoff_is_not_promoted(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    connection.execute(
        "update marts.training_examples set label_spend_next_28d = spend_84d / 3"
        " where cutoff = (select max(cutoff) from marts.training_examples)"
    )
    result = train(connection, quick_task)
    assert (result.winner, result.serving, result.promoted) == ("ridge", "baseline", False)


def test_same_data_and_seed_give_the_same_model_in_any_row_order(
    make_marts: MakeMarts, spend_task: Task
) -> None:
    task = replace(spend_task, candidates=("ridge", "mlp", "random_forest", "blend"))
    runs = []
    for order in ("user_id, cutoff", "md5(user_id || cutoff)"):
        connection = make_marts(users=80, cutoffs=3, order=order)
        runs.append((figures(train(connection, task)), scores(connection)))
    assert runs[0] == runs[1]


def test_changed_data_change_the_fingerprint(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    before = read_examples(connection, quick_task).fingerprint
    connection.execute("update marts.training_examples set visits = visits + 1e-12 where user_id = 'u0001'")
    assert read_examples(connection, quick_task).fingerprint != before


def test_no_user_and_no_later_day_is_on_both_sides_of_a_fold(folds: tuple[Any, Folds]) -> None:
    examples, found = folds
    assert len(np.unique(found.rows)) == len(found.rows) == 3 * 120
    for learnt, judged in found.pairs:
        assert not set(examples.users[learnt]) & set(examples.users[judged])
        assert examples.cutoffs[learnt].max() + np.timedelta64(28, "D") <= examples.cutoffs[judged].min()


def test_the_test_window_decides_nothing_but_promotion(make_marts: MakeMarts, spend_task: Task) -> None:
    first, second = make_marts(), make_marts()
    second.execute(
        "update marts.training_examples set label_spend_next_28d = 1000 - label_spend_next_28d"
        " where cutoff = (select max(cutoff) from marts.training_examples)"
    )
    one, other = train(first, spend_task), train(second, spend_task)
    assert (one.winner, one.params, one.validation) == (other.winner, other.params, other.validation)
    assert one.test != other.test


@pytest.mark.parametrize(
    ("make", "change", "message"),
    [
        ({}, "drop table marts.training_examples", "no table marts.training_examples"),
        ({}, "drop table marts.user_features", "no table marts.user_features"),
        ({}, "alter table marts.user_features drop column visits", "lacks 1 column.*visits"),
        (
            {},
            "alter table marts.training_examples drop column label_spend_next_28d",
            "no column 'label_spend",
        ),
        ({}, "update marts.training_examples set label_spend_next_28d = null", "0 users with a label"),
        (
            {},
            "update marts.training_examples set label_spend_next_28d = 'inf' where user_id = 'u0001'",
            "infinite",
        ),
        (
            {},
            "update marts.training_examples set cutoff = null where user_id = 'u0001' and visits > 0",
            "cutoff is missing in 5 of 600 example",
        ),
        ({"users": 20}, None, "20 users with a label, at least 50"),
        ({"cutoffs": 1}, None, "cannot split out of time: 1 cutoff"),
        ({"cutoffs": 2}, None, "cannot choose between models"),
        ({"label": "constant"}, None, "is 5 in every row"),
    ],
)
def test_what_cannot_be_learnt_is_a_clear_error(
    make_marts: MakeMarts, quick_task: Task, make: dict[str, Any], change: str | None, message: str
) -> None:
    connection = make_marts(**make)
    if change:
        connection.execute(change)
    with pytest.raises(ProfilectlError, match=message):
        train(connection, quick_task)
    assert connection.execute(
        "select count(*) from information_schema.schemata where schema_name = 'ml'"
    ).fetchall()[0] == (0,)


def test_a_baseline_column_that_is_not_there_is_named(make_marts: MakeMarts, quick_task: Task) -> None:
    with pytest.raises(ProfilectlError, match="no feature 'spend_85d'"):
        train(make_marts(), replace(quick_task, baseline=Level("spend_85d", 1.0)))

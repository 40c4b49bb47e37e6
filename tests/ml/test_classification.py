from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import pytest

from profilectl_ml.candidates import DEFAULT_CANDIDATES
from profilectl_ml.data import read_examples
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.folds import plan
from profilectl_ml.results import TrainResult
from profilectl_ml.tasks import Costs, Level, Positive, Task, from_details, to_details
from profilectl_ml.training import train

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def task(spend_task: Task) -> Task:
    """Who spends more than 130: about a third of the users."""
    return replace(
        spend_task,
        kind="classification",
        candidates=("logistic", "decision_tree"),
        metric="log_loss",
        positive=Positive("above", 130.0),
        baseline=Level("spend_84d"),
        level=None,
        minimum=None,
        costs=Costs(1.0, 4.0),
    )


def found(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return connection.execute(query).fetchall()


def figures(connection: duckdb.DuckDBPyConnection, result: TrainResult) -> tuple[Any, ...]:
    scores = found(connection, "select user_id, score, percentile from ml.scores order by user_id")
    return result.winner, result.params, result.validation, result.test, result.threshold, scores


def test_probabilities_are_learnt_judged_and_served(make_marts: MakeMarts, task: Task) -> None:
    connection = make_marts(users=300)
    result = train(connection, task)
    assert result.promoted
    assert result.test[result.winner]["auc"].value > result.test["baseline"]["auc"].value > 0.7
    low, high = found(connection, "select min(score), max(score) from ml.scores")[0]
    assert 0 <= low < high <= 1
    # A wrong no costs four times a wrong yes, so fewer are let go than with equal costs.
    even = train(make_marts(users=300), replace(task, costs=Costs()))
    assert result.threshold is not None
    assert even.threshold is not None
    assert result.threshold < even.threshold
    assert result.test[result.winner]["recall"].value > even.test[even.winner]["recall"].value


def test_what_was_measured_is_stored(make_marts: MakeMarts, task: Task) -> None:
    connection = make_marts(users=200)
    result = train(connection, task)
    bins = found(
        connection,
        "select sum(n), min(predicted), max(observed) from ml.reliability where candidate = 'baseline'",
    )
    assert bins[0][0] == result.n_test
    features = found(connection, "select count(*), max(relevance), min(selected) from ml.feature_report")[0]
    assert features[0] == len(result.importance)
    assert 0 < features[1] <= 1
    details = json.loads(found(connection, "select details from ml.runs")[0][0])
    assert {s["name"] for s in details["standings"]} == {"baseline", "logistic", "decision_tree"}
    assert details["threshold"] == result.threshold
    assert found(connection, "select event, model_id from ml.promotions") == [("trained", result.model_id)]


def test_same_data_and_seed_give_the_same_probabilities(make_marts: MakeMarts, task: Task) -> None:
    every = replace(task, candidates=DEFAULT_CANDIDATES["classification"])
    runs = []
    for order in ("user_id, cutoff", "md5(user_id || cutoff)"):
        connection = make_marts(users=80, cutoffs=3, order=order)
        runs.append(figures(connection, train(connection, every)))
    assert runs[0] == runs[1]


def test_a_coin_is_not_learnt(make_marts: MakeMarts, task: Task) -> None:
    connection = make_marts(users=200)
    connection.execute(
        "update marts.training_examples"
        " set label_spend_next_28d = 200 * (md5(user_id || cutoff::varchar) < '4')::int"
    )
    result = train(connection, replace(task, baseline=None))
    assert (result.serving, result.promoted) == ("baseline", False)
    assert len(found(connection, "select distinct score from ml.scores")) == 1


def test_a_baseline_that_serves_decides_by_a_threshold_of_its_own(make_marts: MakeMarts, task: Task) -> None:
    connection = make_marts(users=300)
    connection.execute(
        # What the winner knows is wrong on the test cutoff, where the baseline knows all.
        "update marts.training_examples set label_spend_next_28d = if(spend_84d > 390, 200, 0)"
        " where cutoff = (select max(cutoff) from marts.training_examples)"
    )
    failed = train(connection, task)
    assert (failed.winner, failed.serving) == ("logistic", "baseline")
    details = found(connection, "select r.details, m.details from ml.runs r join ml.models m using (run_id)")
    assert {json.loads(one)["threshold"] for one in details[0]} == {failed.threshold}
    # The same as where no candidate knows anything that it does not.
    alone = train(
        connection, replace(task, without=("visits", "spend_ewma_8w", "gap_mean_days", "age_band", "home"))
    )
    assert alone.winner == "baseline"
    assert failed.threshold == alone.threshold
    for one, other in ((failed.validation, alone.validation), (failed.test, alone.test)):
        assert one["baseline"] == other["baseline"]


def test_labels_of_many_values_need_a_rule(make_marts: MakeMarts, task: Task) -> None:
    with pytest.raises(ProfilectlError, match="neither true or false nor 0 or 1"):
        train(make_marts(), replace(task, positive=None))


EARLIEST = "cutoff = (select min(cutoff) from marts.training_examples)"


def test_a_fold_that_learns_from_one_class_is_left_out(make_marts: MakeMarts, task: Task) -> None:
    connection = make_marts()
    connection.execute(f"update marts.training_examples set label_spend_next_28d = 999 where {EARLIEST}")
    result = train(connection, task)
    # Of three days, each judged in two halves, the first one would be judged by what the earliest day says.
    examples = read_examples(connection, task)
    assert len(plan(examples, task.kind, task.horizon_days, task.seed).folds.pairs) == 4
    assert set(result.test) == {"baseline", "logistic", "decision_tree"}


def test_nothing_but_one_class_to_learn_from_is_a_clear_error(make_marts: MakeMarts, task: Task) -> None:
    connection = make_marts(cutoffs=3)
    connection.execute(f"update marts.training_examples set label_spend_next_28d = 999 where {EARLIEST}")
    with pytest.raises(ProfilectlError, match="is the same in all examples that may be learnt from"):
        train(connection, task)


@pytest.mark.parametrize("rare", [0.0, 200.0])
def test_a_class_of_a_few_users_is_not_learnt(make_marts: MakeMarts, task: Task, rare: float) -> None:
    connection = make_marts(cutoffs=3)
    connection.execute(
        "update marts.training_examples set label_spend_next_28d = if(user_id < 'u0004', ?, 200 - ?)",
        [rare, rare],
    )
    said = r"4 user\(s\) and negative for 116" if rare else r"116 user\(s\) and negative for 4"
    with pytest.raises(ProfilectlError, match=f"is positive for {said}; at least 5 of each are needed"):
        train(connection, task)


def test_a_task_comes_back_from_its_details(task: Task) -> None:
    assert from_details(json.loads(json.dumps(to_details(task)))) == task

"""When a model is due, and that the reason told is the one that holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from profilectl.updating.retraining import is_settled
from profilectl_ml import checks, monitoring, promotion, realised, training
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.evaluation import evaluate
from profilectl_ml.monitoring import RetrainRule
from profilectl_ml.tasks import Task

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]
TODAY = date(2017, 12, 31)


@pytest.fixture
def trained(make_marts: MakeMarts, quick_task: Task) -> duckdb.DuckDBPyConnection:
    connection = make_marts()
    training.train(connection, quick_task)
    return connection


def check(
    connection: duckdb.DuckDBPyConnection,
    rule: RetrainRule | None = None,
    today: date = TODAY,
    later: timedelta = timedelta(),
) -> checks.Check:
    moment = datetime.now() + later
    return monitoring.check(connection, "spend_next_28d", rule or RetrainRule(), today=today, now=moment)


def move_on(connection: duckdb.DuckDBPyConnection, spend: str, days: int = 28) -> None:
    """Let time pass: the newest cutoff moves by `days`, and what was spent after it is told by `spend`."""
    connection.execute(
        "insert into marts.training_examples by name select * replace (cutoff + to_days(?::int) as cutoff,"
        f" {spend} as label_spend_next_28d) from marts.training_examples"
        " where cutoff = (select max(cutoff) from marts.training_examples)",
        [days],
    )


def test_what_was_never_trained_is_due(make_marts: MakeMarts, trained: duckdb.DuckDBPyConnection) -> None:
    trained.execute("delete from ml.models")
    found = check(trained)
    assert (found.due, found.reason, found.model_id) == (True, "no model yet", "")


def test_a_fresh_model_is_not_due_and_says_all_there_is_to_say(trained: duckdb.DuckDBPyConnection) -> None:
    found = check(trained)
    assert not found.due
    assert found.reason.startswith(
        "0 of 90 days old; no label window after its test is complete before 2018-01-28;"
    )
    assert "features moved by 0" in found.reason


def test_age(trained: duckdb.DuckDBPyConnection) -> None:
    found = check(trained, RetrainRule(max_age_days=7), later=timedelta(days=9, hours=1))
    assert (found.due, found.reason) == (True, "9 days old, 7 are the most")


def test_an_error_within_its_interval_is_none(trained: duckdb.DuckDBPyConnection) -> None:
    move_on(trained, "label_spend_next_28d")
    found = check(trained, RetrainRule(max_drift=1e9))
    assert not found.due
    assert "rmse" in found.reason
    assert "at 2017-12-31 is not above the" in found.reason


def test_no_more_users_are_judged_than_are_learnt_from(
    trained: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_on(trained, "label_spend_next_28d")
    judged = []

    def counted(actual: Any, *arguments: Any, **options: Any) -> Any:
        judged.append(len(actual))
        return evaluate(actual, *arguments, **options)

    monkeypatch.setattr(realised, "MAX_USERS", 70)
    monkeypatch.setattr(realised, "evaluate", counted)
    assert "rmse" in check(trained, RetrainRule(max_drift=1e9)).reason
    assert judged == [70]


def test_an_error_above_the_interval_of_the_test_is_due(trained: duckdb.DuckDBPyConnection) -> None:
    move_on(trained, "label_spend_next_28d + 400")
    found = check(trained)
    assert found.due
    assert "at 2017-12-31 is above the" in found.reason
    assert not check(trained, RetrainRule(on_error=False, max_drift=1e9), today=TODAY + timedelta(1)).due


def test_a_cutoff_whose_labels_are_not_known_yet_hides_none_before_it(
    trained: duckdb.DuckDBPyConnection,
) -> None:
    move_on(trained, "label_spend_next_28d + 400")
    move_on(trained, "null")
    found = check(trained)
    assert found.due
    assert "at 2017-12-31 is above the" in found.reason


def test_cutoffs_may_be_moments(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    connection.execute("alter table marts.training_examples alter cutoff type timestamp")
    training.train(connection, quick_task)
    assert "no label window after its test is complete before 2018-01-28" in check(connection).reason
    move_on(connection, "label_spend_next_28d + 400")
    found = check(connection, today=TODAY + timedelta(1))
    assert found.due
    assert "at 2017-12-31 is above the" in found.reason


def test_a_window_that_overlaps_the_test_does_not_count(trained: duckdb.DuckDBPyConnection) -> None:
    move_on(trained, "label_spend_next_28d + 400", days=27)
    assert "no label window after its test is complete" in check(trained).reason


def test_drift_counts_by_what_a_feature_is_worth(trained: duckdb.DuckDBPyConnection) -> None:
    trained.execute("update marts.user_features set gap_mean_days = gap_mean_days + 1000")
    calm = check(trained)
    assert not calm.due, calm.reason
    trained.execute("update marts.user_features set spend_84d = spend_84d * 5 + 900, visits = visits + 50")
    moved = check(trained, today=TODAY + timedelta(1))
    assert moved.due
    assert moved.reason.startswith("features moved by")
    assert moved.reason.endswith("0.25 is the most")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("alter table marts.user_features drop column visits", "marts.user_features lacks 1 column.*visits"),
        (
            "alter table marts.training_examples rename column visits to calls",
            "training_examples lacks 1.*visits",
        ),
        ("alter table marts.training_examples drop column label_spend_next_28d", "lacks 1 .*label_spend"),
        ("drop table marts.training_examples", "there is no table marts.training_examples"),
        ("update ml.models set format_version = 99", "stored in format 99"),
    ],
)
def test_a_model_that_cannot_predict_any_more_is_due(
    trained: duckdb.DuckDBPyConnection, spoil: str, said: str
) -> None:
    trained.execute(spoil)
    found = check(trained)
    assert found.due
    assert re.search(said, found.reason)


def test_a_look_that_breaks_in_whatever_way_is_told(
    trained: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: failed to pin block")

    monkeypatch.setattr(monitoring, "drift", broken)
    found = check(trained)
    assert found.due
    assert found.reason == (
        "it cannot be judged any more: OutOfMemoryException: Out of Memory Error: failed to pin block"
    )


def test_a_task_whose_model_was_retired_is_due(trained: duckdb.DuckDBPyConnection) -> None:
    promotion.retire(trained, "spend_next_28d")
    found = check(trained)
    assert (found.due, found.reason, found.model_id) == (True, "no model serves", "")


def test_a_day_of_data_is_decided_on_once(
    trained: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = check(trained)
    monkeypatch.setattr(monitoring, "realised_error", lambda *_: pytest.fail("looked again"))
    assert check(trained) == first
    checks.not_again(trained, first, "it failed", today=TODAY, now=datetime.now())
    assert (check(trained).due, check(trained).reason) == (False, "it failed")
    assert check(trained, later=timedelta(days=200)).due  # age passes without any data


def test_another_model_is_looked_at_anew(trained: duckdb.DuckDBPyConnection, quick_task: Task) -> None:
    first = check(trained)
    training.train(trained, replace(quick_task, candidates=("linear",)))
    assert check(trained).model_id != first.model_id
    assert trained.execute("select count(distinct model_id) from ml.checks").fetchall() == [(2,)]


def test_a_task_that_is_declared_no_more_is_passed_over_once_a_day(
    trained: duckdb.DuckDBPyConnection,
) -> None:
    check(trained)
    tomorrow, latest = TODAY + timedelta(days=1), "select arg_max((as_of, due), checked_at) from ml.checks"
    for day in (TODAY, tomorrow, tomorrow):
        checks.pass_over(trained, {"spend_next_28d"}, today=day, now=datetime.now())
    assert trained.execute("select count(*) from ml.checks").fetchall() == [(1,)], "it is declared"
    for day in (TODAY, tomorrow, tomorrow):
        checks.pass_over(trained, {"another"}, today=day, now=datetime.now())
    assert trained.execute(latest).fetchall() == [((tomorrow, False),)]
    assert trained.execute("select count(*) from ml.checks").fetchall() == [(2,)]


def test_a_task_that_is_declared_no_more_does_not_keep_a_day_from_being_settled(
    trained: duckdb.DuckDBPyConnection,
) -> None:
    [(today,)] = trained.execute("select max(as_of) from marts.user_features").fetchall()
    check(trained, today=today)
    assert is_settled(trained)
    trained.execute("insert into ml.checks by name select 'gone' as task, date '2017-01-01' as as_of")
    assert not is_settled(trained)
    checks.pass_over(trained, {"spend_next_28d"}, today=today, now=datetime.now())
    assert is_settled(trained)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"max_age": 3}, "max_age_days, max_drift, on_error"),
        ({"max_age_days": 0}, "whole number of days from 1"),
        ({"max_age_days": True}, "whole number of days from 1"),
        ({"max_drift": "much"}, "number above 0"),
        ({"on_error": 1}, "true or false"),
        ([1], "may have the keys"),
    ],
)
def test_a_wrong_rule_names_the_file(given: Any, told: str) -> None:
    with pytest.raises(ProfilectlError, match=told) as error:
        monitoring.rules(_manifest(given))
    assert error.value.message.startswith("models/marts/ml_tasks.yml: task t:")


def test_a_rule_is_read_and_the_rest_is_the_default() -> None:
    assert monitoring.rules(_manifest({"max_age_days": 28})) == {"t": RetrainRule(28, 0.25, True)}


def _manifest(given: Any) -> dict[str, Any]:
    exposure = {
        "name": "t",
        "type": "ml",
        "original_file_path": "models/marts/ml_tasks.yml",
        "config": {"meta": {"profilectl": {"kind": "regression", "retrain": given}}},
    }
    return {"exposures": {"exposure.t": exposure}}

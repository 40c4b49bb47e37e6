from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import duckdb
import numpy as np
import pytest

from profilectl_ml.data import Examples, read_examples
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.folds import Folds, plan
from profilectl_ml.leakage import check_alone, check_folds, check_served, check_times
from profilectl_ml.tasks import Positive, Task

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]
EXAMPLES = "marts.training_examples"


def with_column(connection: duckdb.DuckDBPyConnection, name: str, kind: str, value: str) -> None:
    connection.execute(f"alter table {EXAMPLES} add column {name} {kind}")
    connection.execute(f"update {EXAMPLES} set {name} = {value}")
    connection.execute(f"alter table marts.user_features add column {name} {kind}")


def built_in(connection: duckdb.DuckDBPyConnection, zone: str | None) -> None:
    """Note builds as dbt does: the last one with this zone, or by a version that noted none."""
    connection.execute("set timezone = 'UTC'; create schema ops; create table ops.builds (build_id bigint)")
    if zone is not None:
        connection.execute("alter table ops.builds add column reporting_timezone varchar")
        connection.execute("insert into ops.builds values (1, null), (2, 'Pacific/Auckland'), (3, ?)", [zone])


def read(connection: duckdb.DuckDBPyConnection, task: Task) -> Examples:
    examples = read_examples(connection, task)
    check_alone(task, examples, plan(examples, task.kind, task.horizon_days, 0))
    return examples


# --- times


@pytest.mark.parametrize("day", ["cutoff - 3", "cutoff", "cutoff + interval 23 hours", "null"])
def test_a_date_up_to_the_end_of_the_cutoff_is_fine(
    make_marts: MakeMarts, quick_task: Task, day: str
) -> None:
    connection = make_marts()
    with_column(connection, "last_seen", "timestamp", day)
    check_times(connection, quick_task)


def test_a_later_date_is_refused_by_name(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    with_column(connection, "last_seen", "timestamp", "case when user_id = 'u0001' then cutoff + 1 end")
    with pytest.raises(ProfilectlError, match=r"feature 'last_seen' cannot have been known.* 5 example"):
        check_times(connection, quick_task)


@pytest.mark.parametrize(
    ("zone", "hours"),  # from midnight UTC of the cutoff to the end of that day
    [("America/New_York", 29), ("Asia/Tokyo", 15), ("UTC", 24), (None, 24)],
)
@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "timestamp_ns"])
def test_an_instant_counts_as_the_day_it_is_in_the_reporting_zone(
    make_marts: MakeMarts, quick_task: Task, kind: str, zone: str | None, hours: int
) -> None:
    connection = make_marts()
    built_in(connection, zone)
    connection.execute(f"delete from {EXAMPLES} where cutoff <> date '2017-12-03'")
    with_column(connection, "last_seen", kind, f"cutoff + to_hours({hours}) - interval 1 second")
    check_times(connection, quick_task)
    connection.execute(f"update {EXAMPLES} set last_seen = cutoff + to_hours({hours})")
    with pytest.raises(ProfilectlError, match=f"cutoff 2017-12-03, a day of {zone or 'UTC'}$"):
        check_times(connection, quick_task)


def test_a_day_is_of_the_reporting_zone_already(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    built_in(connection, "Asia/Tokyo")
    with_column(connection, "last_seen", "date", "cutoff")
    check_times(connection, quick_task)
    connection.execute(f"update {EXAMPLES} set last_seen = cutoff + 1")
    with pytest.raises(ProfilectlError, match=r"first at the cutoff 2017-08-13$"):
        check_times(connection, quick_task)


def test_a_moment_without_end_is_later(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    built_in(connection, "America/New_York")
    with_column(connection, "last_seen", "timestamp", "case when user_id = 'u0001' then 'infinity' end")
    with pytest.raises(ProfilectlError, match=r"last_seen is later in 5 example"):
        check_times(connection, quick_task)


def test_a_feature_known_too_late_is_refused_by_its_own_name(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    with_column(connection, "counted_at", "date", "cutoff + 1")
    task = replace(quick_task, known_at={"visits": "counted_at"})
    with pytest.raises(
        ProfilectlError, match=r"feature 'visits' cannot have been known.*counted_at is later"
    ):
        check_times(connection, task)
    with pytest.raises(ProfilectlError, match=r"known_at names 'nowhere'"):
        check_times(connection, replace(quick_task, known_at={"visits": "nowhere"}))


@pytest.mark.parametrize(
    ("kind", "value"), [("varchar", "(cutoff + 400)::varchar"), ("integer", "20300101"), ("time", "'10:00'")]
)
def test_when_a_feature_was_known_must_be_a_date(
    make_marts: MakeMarts, quick_task: Task, kind: str, value: str
) -> None:
    connection = make_marts()
    with_column(connection, "counted_at", kind, value)
    check_times(connection, quick_task)
    with pytest.raises(ProfilectlError, match=rf"'visits' was known at 'counted_at', which is {kind} in"):
        check_times(connection, replace(quick_task, known_at={"visits": "counted_at"}))


# --- what nobody has at scoring time


@pytest.mark.parametrize(("filled", "refused"), [("1", True), ("case when visits > 9 then 1 end", False)])
def test_a_feature_that_is_empty_at_scoring_time(
    make_marts: MakeMarts, quick_task: Task, filled: str, refused: bool
) -> None:
    connection = make_marts()
    with_column(connection, "refunds", "double", filled)
    examples = read_examples(connection, quick_task)
    if not refused:
        check_served(connection, quick_task, examples)
        return
    with pytest.raises(ProfilectlError, match=r"feature 'refunds' is filled in 100%.*none of 120 users"):
        check_served(connection, quick_task, examples)
    connection.execute("update marts.user_features set refunds = 1 where user_id = 'u0001'")
    check_served(connection, quick_task, examples)


# --- features that know the outcome


def test_a_copy_of_the_amount_is_refused_by_name(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts(users=300)
    read(connection, quick_task)
    with_column(connection, "won", "double", "label_spend_next_28d * 1.2 + 3")
    with pytest.raises(ProfilectlError, match=r"feature 'won' alone predicts label_spend_next_28d with R²"):
        read(connection, quick_task)
    read(connection, replace(quick_task, max_alone=1.0))


def test_a_copy_of_the_class_is_refused_by_name(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts(users=300)
    task = replace(quick_task, kind="classification", metric="log_loss", positive=Positive("above", 120.0))
    connection.execute(f"update {EXAMPLES} set visits = visits + 3 * (hash(user_id) % 5)")
    connection.execute(f"update {EXAMPLES} set spend_84d = 1, spend_ewma_8w = 1")
    read(connection, task)
    with_column(connection, "flag", "boolean", "label_spend_next_28d > 120")
    with pytest.raises(ProfilectlError, match=r"feature 'flag' alone predicts .* with AUC 1.0000"):
        read(connection, task)


# --- users on both sides


def test_a_user_on_both_sides_is_refused() -> None:
    users = np.array(["a", "a", "b", "c"], dtype=object)
    rows = [np.array(part) for part in ([0, 1], [2, 3], [0, 2], [1, 3])]
    check_folds("t", users, Folds(((rows[0], rows[1]),)))
    with pytest.raises(ProfilectlError, match=r"task t: 1 user\(s\) are on both sides of fold 2"):
        check_folds("t", users, Folds(((rows[0], rows[1]), (rows[2], rows[3]))))

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import duckdb
import numpy as np
import pytest

from profilectl_ml import training
from profilectl_ml.data import read_examples
from profilectl_ml.slices import MIN_USERS, parts_of, slices
from profilectl_ml.tasks import Task


def test_figures_of_each_part_and_none_of_small_ones() -> None:
    actual = np.concatenate([np.zeros(40), np.full(50, 10.0), np.zeros(MIN_USERS - 1)])
    parts = np.array(["a"] * 40 + ["b"] * 50 + ["c"] * (MIN_USERS - 1), dtype=object)
    found = slices("regression", actual, actual + 2, actual + 1, {"part": parts})
    assert [(s.value, s.n, s.metric, s.score, s.baseline) for s in found] == [
        ("b", 50, "mae", 2.0, 1.0),
        ("b", 50, "rmse", 2.0, 1.0),
        ("a", 40, "mae", 2.0, 1.0),
        ("a", 40, "rmse", 2.0, 1.0),
    ]


def test_a_part_of_one_class_has_no_auc() -> None:
    actual = np.concatenate([np.zeros(40), np.tile([0.0, 1.0], 20)])
    parts = np.array(["same"] * 40 + ["both"] * 40, dtype=object)
    predicted = np.clip(actual * 0.8, 0.1, 0.9)
    found = slices("classification", actual, predicted, np.full(80, 0.5), {"part": parts})
    assert {(s.value, s.metric) for s in found} == {
        ("both", "auc"), ("both", "log_loss"), ("same", "log_loss"),
    }  # fmt: skip
    assert next(s.score for s in found if s.metric == "auc") == 1.0


@pytest.mark.parametrize("with_events", [False, True])
def test_training_writes_slices_of_what_is_known(
    make_marts: Callable[..., duckdb.DuckDBPyConnection], quick_task: Task, with_events: bool
) -> None:
    connection = make_marts(users=160)
    if with_events:
        connection.execute("create schema ml")
        connection.execute(
            "create table ml.segments as select distinct user_id, 'value' as task,"
            " case when user_id < 'u0080' then 'low' else 'high' end as segment from marts.user_features"
        )
        connection.execute(
            "create table marts.fct_events as select user_id, unnest(['shop', 'crm']) as source"
            " from marts.user_features"
        )
    training.train(connection, replace(quick_task))
    found = connection.execute("select slice, value, max(n) from ml.slices group by all").fetchall()
    assert {slice_ for slice_, *_ in found} == {
        "home", "spend_84d by quarter", *(("segment of value", "known from") if with_events else ()),
    }  # fmt: skip
    assert min(n for *_, n in found) >= MIN_USERS
    if with_events:
        # Whom two sources know is in both parts.
        assert {("known from", "crm", 160), ("known from", "shop", 160)} <= set(found)


def test_only_the_users_judged_are_asked_for(
    make_marts: Callable[..., duckdb.DuckDBPyConnection], quick_task: Task
) -> None:
    connection, read = make_marts(users=60), []
    connection.execute("create schema ml")
    connection.execute(
        "create table ml.segments as select 'u' || lpad(i::varchar, 4, '0') as user_id, 'value' as task,"
        " 'low' as segment from range(5000) as t(i)"
    )
    connection.execute("create table marts.fct_events as select user_id, 'shop' as source from ml.segments")

    class Watched:
        """Counts the rows that leave the warehouse one by one."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def execute(self, *arguments: Any) -> Watched:
            return Watched(self.inner.execute(*arguments))

        def fetchall(self) -> list[Any]:
            found = self.inner.fetchall()
            read.append(len(found))
            return list(found)

    examples = read_examples(connection, quick_task)
    judged = np.flatnonzero(examples.cutoffs == examples.cutoffs.max())
    found = parts_of(cast("Any", Watched(connection)), quick_task, examples, judged, [])
    assert list(found["segment of value"]) == ["low"] * len(judged)
    assert list(found["known from"]) == [("shop",)] * len(judged)
    assert max(read) == len(judged) == 60

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import duckdb
import numpy as np
import pytest

from profilectl_ml.recommending.events import read_events
from profilectl_ml.recommending.history import History, read_history, read_truth
from profilectl_ml.recommending.holdout import add_held, splits
from profilectl_ml.recommending.similarity import SHRINKAGE, item_item, next_item
from profilectl_ml.recommending.task import RecommendationTask

MakeShop = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def shop(make_shop: MakeShop, shop_task: RecommendationTask) -> tuple[duckdb.DuckDBPyConnection, History]:
    connection = make_shop()
    read_events(connection, shop_task)
    add_held(connection, shop_task, 1)
    return connection, read_history(connection, shop_task, splits(connection, shop_task)[2])


def test_item_item_is_the_shrunk_cosine(shop: tuple[duckdb.DuckDBPyConnection, History]) -> None:
    connection, history = shop
    x = (history.matrix("count").toarray() > 0).astype(float)
    together = x.T @ x
    size = np.diag(together)
    expected = together / (np.sqrt(np.outer(size, size)) + SHRINKAGE)
    np.fill_diagonal(expected, 0.0)
    assert item_item(connection, history.shape[1]).toarray() == pytest.approx(expected, abs=1e-6)


def test_next_item_looks_at_what_came_later(shop: tuple[duckdb.DuckDBPyConnection, History]) -> None:
    connection, history = shop
    expected = np.zeros((history.shape[1],) * 2)
    latest = connection.execute(
        "select user_no, item_no from recommending_past order by user_no, last_at, item_no desc"
    ).fetchall()
    for user in range(history.shape[0]):
        items = [item for owner, item in latest if owner == user]
        for at, before in enumerate(items):
            for gap, after in enumerate(items[at + 1 : at + 11], start=1):
                expected[before, after] += (2520 // gap) / 2520
    users = history.popularity["users"]
    assert next_item(connection, history.shape[1]).toarray() == pytest.approx(
        expected / np.sqrt(users + SHRINKAGE), abs=1e-6
    )


def test_history_counts_what_happened_before_the_cutoff(
    make_shop: MakeShop, shop_task: RecommendationTask
) -> None:
    connection = make_shop()
    read_events(connection, shop_task)
    add_held(connection, shop_task, 1)
    for split in splits(connection, shop_task)[:2]:
        history = read_history(connection, shop_task, split)
        before = connection.execute(
            "select user_id, item_id, count(*),"
            " sum(pow(0.5, date_diff('second', occurred_at, $1) / 86400.0 / 56))"
            " from marts.fct_events where event_type = 'purchase' and occurred_at < $1 group by 1, 2"
            " order by 1, 2",
            [split.cutoff],
        ).fetchall()
        count, decayed = history.matrix("count").tocoo(), history.matrix("long").tocoo()
        found = sorted(
            (history.users[u], history.items[i], c, d)
            for u, i, c, d in zip(count.row, count.col, count.data, decayed.data, strict=True)
        )
        assert [one[:3] for one in found] == [one[:3] for one in before if one[1] in set(history.items)]
        assert [one[3] for one in found] == pytest.approx([one[3] for one in before], abs=1e-4)
        truth = read_truth(connection, history, split, "both").tocoo()
        days = connection.execute(
            "select distinct user_id, item_id from marts.fct_events where event_type = 'purchase'"
            " and occurred_at >= $1 and occurred_at < $1 + interval 28 day",
            [split.cutoff],
        ).fetchall()
        pairs = {(history.users[u], history.items[i]) for u, i in zip(truth.row, truth.col, strict=True)}
        assert pairs == set(days)


def test_new_and_repeated_truth_divide_the_whole(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    connection = make_shop()
    read_events(connection, shop_task)
    add_held(connection, shop_task, 1)
    split = splits(connection, shop_task)[0]
    history = read_history(connection, shop_task, split)
    both, new, old = (
        read_truth(connection, history, split, kept).toarray() for kept in ("both", "false", "true")
    )
    had = history.matrix("count").toarray() > 0
    assert (new == both & ~had).all()
    assert (old == both & had).all()


@pytest.mark.parametrize("holdout", ["last", "random"])
def test_a_held_out_pair_is_nowhere_in_the_past(
    make_shop: MakeShop, shop_task: RecommendationTask, holdout: str
) -> None:
    connection, task = make_shop(), replace(shop_task, holdout=holdout)
    read_events(connection, task)
    add_held(connection, task, 1)
    pairs = connection.execute(
        "select user_id, item, count(distinct held) from recommending_events group by 1, 2"
    ).fetchall()
    assert {several for *_, several in pairs} == {1}
    ((last,),) = connection.execute(
        "select count(*) from (select user_id from recommending_events where held = 1 group by user_id"
        " having count(distinct item) = 1)"
    ).fetchall()
    assert last == 60 if holdout == "last" else last < 60

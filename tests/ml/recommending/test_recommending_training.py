from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from profilectl_ml import promotion
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.kinds import train
from profilectl_ml.recommending import training
from profilectl_ml.recommending.records import RecommendResult
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.registry import serving_model

MakeShop = Callable[..., duckdb.DuckDBPyConnection]
COLUMNS = "user_id, rank, item, score, reason, is_repeat"


def recommended(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    return connection.execute(f"select {COLUMNS} from ml.recommendations order by user_id, rank").fetchall()


def figures(result: RecommendResult) -> tuple[Any, ...]:
    return result.winner, result.validation, result.test, result.params, result.fingerprint


def bought(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "select distinct user_id, item_id from marts.fct_events where event_type = 'purchase'"
        ).fetchall()
    )


@pytest.mark.parametrize("repeats", ["both", "true", "false"])
@pytest.mark.parametrize("serves", ["the winner", "the baseline"])
def test_lists_are_dense_unique_finite_and_for_everyone(
    make_shop: MakeShop,
    shop_task: RecommendationTask,
    monkeypatch: pytest.MonkeyPatch,
    repeats: str,
    serves: str,
) -> None:
    if serves == "the baseline":
        monkeypatch.setattr(training, "_promotion", lambda *_: (False, "made so"))
    connection, task = make_shop(), replace(shop_task, repeats=repeats)
    result = train(connection, task)
    rows = recommended(connection)
    lists: dict[str, list[Any]] = {}
    for row in rows:
        lists.setdefault(row[0], []).append(row)
    everyone = {user for (user,) in connection.execute("select user_id from marts.dim_users").fetchall()}
    assert set(lists) == everyone
    assert result.n_users == len(everyone)
    pairs, known = bought(connection), {user for user, _ in bought(connection)}
    for user, ranked in lists.items():
        assert [row[1] for row in ranked] == list(range(1, len(ranked) + 1))
        assert len({row[2] for row in ranked}) == len(ranked) <= task.k
        scores = [row[3] for row in ranked]
        assert all(map(math.isfinite, scores))
        assert scores == sorted(scores, reverse=True)
        for _, _, item, _, reason, is_repeat in ranked:
            assert is_repeat == ((user, item) in pairs)
            assert item != "page"
            assert reason.startswith("you b" if is_repeat else ("because you bought thing ", "popular with "))
            if user in known:
                assert repeats == "both" or is_repeat == (repeats == "true")
    if repeats != "true":
        assert {len(ranked) for ranked in lists.values()} == {task.k}


def test_a_reason_names_an_item_of_the_user(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    connection = make_shop()
    train(connection, replace(shop_task, repeats="false"))
    pairs, named = bought(connection), 0
    for user, _, item, _, reason, _ in recommended(connection):
        if reason.startswith("because you bought thing "):
            named += 1
            assert (user, reason.rsplit(" ", 1)[1]) in pairs - {(user, item)}
    assert named > 100


def test_users_without_history_get_what_is_popular_in_their_segment(
    make_shop: MakeShop, shop_task: RecommendationTask
) -> None:
    connection = make_shop()
    train(connection, shop_task)
    reasons = {row[0]: row[4] for row in recommended(connection) if row[0].startswith("new")}
    assert reasons == {
        "new1": "popular with 35+",
        "new2": "popular with everyone",
        "new3": "popular with everyone",
    }
    expected = connection.execute(
        "select item_id from marts.fct_events join marts.dim_users using (user_id)"
        " where event_type = 'purchase' and age_band = '35+' group by 1"
        " order by count(distinct user_id) desc, (select count(distinct user_id) from marts.fct_events as e"
        " where e.item_id = fct_events.item_id and e.event_type = 'purchase') desc, 1 limit 5"
    ).fetchall()
    assert [row[2] for row in recommended(connection) if row[0] == "new1"] == [item for (item,) in expected]


def test_the_order_of_rows_changes_nothing(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    found = []
    for order in ("1, 2, 3", "md5(user_id || occurred_at)"):
        connection = make_shop(order=order)
        found.append((figures(train(connection, shop_task)), recommended(connection)))
    assert found[0] == found[1]


@pytest.mark.parametrize("holdout", ["horizon", "last", "random"])
def test_learning_beats_the_baseline_for_new_items(
    make_shop: MakeShop, shop_task: RecommendationTask, holdout: str
) -> None:
    task = replace(
        shop_task, repeats="false", holdout=holdout, at=None if holdout == "random" else shop_task.at
    )
    result = train(make_shop(weeks=16), task)
    assert result.promoted
    assert result.serving != "popularity"
    ours, naive = (result.test[name]["ndcg_at_10"] for name in (result.serving, "popularity"))
    assert ours.low <= ours.value <= ours.high
    assert ours.value > naive.value


def test_the_future_does_not_choose(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    """What happens in the last window may change what is judged, and never what was chosen."""
    before, after = make_shop(), make_shop()
    after.execute(
        "update marts.fct_events set item_id = 'i000' where occurred_at >="
        " (select max(occurred_at)::date - 27 from marts.fct_events)"
    )
    one, other = train(before, shop_task), train(after, shop_task)
    assert one.validation == other.validation
    assert one.test != other.test


def test_a_winner_that_loses_the_test_does_not_serve(
    make_shop: MakeShop, shop_task: RecommendationTask
) -> None:
    connection = make_shop()
    # In the last window everybody buys only what they had bought most often: nothing can beat the baseline.
    connection.execute(
        "update marts.fct_events as e set item_id = (select o.item_id from marts.fct_events as o"
        " where o.user_id = e.user_id and o.event_type = 'purchase' and o.occurred_at <"
        " (select max(occurred_at)::date - 27 from marts.fct_events)"
        " group by 1 order by count(*) desc, 1 limit 1) where event_type = 'purchase' and occurred_at >="
        " (select max(occurred_at)::date - 27 from marts.fct_events)"
    )
    result = train(connection, shop_task)
    assert result.winner != result.serving == "personal_frequency"
    assert not result.promoted
    assert "does not beat the baseline" in result.reason
    assert connection.execute("select candidate, serving from ml.models").fetchall() == [
        ("personal_frequency", True)
    ]


def test_everything_is_registered(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    connection = make_shop()
    train(connection, shop_task)
    result = train(connection, shop_task)
    (run,) = connection.execute(
        "select kind, chosen, promoted, details from ml.runs where run_id = ?", [result.run_id]
    ).fetchall()
    assert run[:3] == ("recommendation", result.winner, result.promoted)
    assert json.loads(run[3])["repeats"] == "both"
    loaded = serving_model(connection, "next_products")
    assert loaded.stored.model_id == result.model_id
    assert loaded.estimator == result.params
    models = connection.execute("select distinct model_id from ml.recommendations").fetchall()
    assert models == [(result.model_id,)]
    assert connection.execute("select count(*) from ml.promotions").fetchall() == [(2,)]
    stored = connection.execute("select distinct candidate, split from ml.metrics").fetchall()
    assert len(stored) == 2 * len(result.test)
    left = connection.execute("select table_name from duckdb_tables() where temporary").fetchall()
    assert left == []


def test_categories_come_from_the_catalogue(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    connection = make_shop()
    train(connection, replace(shop_task, item="category", item_name=None, repeats="both", k=2))
    assert {row[2] for row in recommended(connection)} == {"taste 0", "taste 1", "taste 2"}


def test_often_is_said_of_times_and_not_of_money(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    connection = make_shop(weeks=16)
    connection.execute("update marts.fct_events set amount = 5")
    train(connection, replace(shop_task, value="amount", candidates=("personal_frequency",)))
    found = connection.execute(
        "select r.reason, count(distinct e.occurred_at) from ml.recommendations as r"
        " inner join marts.fct_events as e on r.user_id = e.user_id and r.item = e.item_id"
        " where e.event_type = 'purchase' group by r.user_id, r.item, r.reason"
    ).fetchall()
    assert {times > 1 for _, times in found} == {True, False}
    for reason, times in found:
        assert reason == ("you buy this often" if times > 1 else "you bought this before")


def test_the_cutoff_is_the_last_day_that_is_learnt_from(
    make_shop: MakeShop, shop_task: RecommendationTask
) -> None:
    connection = make_shop(weeks=16)
    train(connection, replace(shop_task, candidates=("popularity",)))
    [(cutoff, last)] = connection.execute(
        "select (select test_cutoff from ml.runs), (select max(occurred_at)::date from marts.fct_events)"
    ).fetchall()
    assert cutoff == last - timedelta(days=shop_task.horizon_days)


def test_a_value_is_summed(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    result = train(make_shop(weeks=16), replace(shop_task, value="amount", candidates=("ease", "blend")))
    assert set(result.test) == {"personal_frequency", "ease", "blend"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"events": ("marts", "nothing")}, "there is no table marts.nothing"),
        ({"user": "person"}, "has no column 'person'"),
        ({"filter": (("event_type", ("dance",)),)}, "0 users with events"),
        ({"filter": (("colour", ("red",)),)}, "has no column 'colour'"),
        ({"segment": "shoe_size"}, "has no column 'shoe_size'"),
        ({"item_name": "shoe_size"}, "has no column 'shoe_size'"),
        ({"horizon_days": 100}, "the events end before there is something"),
    ],
)
def test_what_is_missing_is_a_clear_error(
    make_shop: MakeShop, shop_task: RecommendationTask, changes: dict[str, Any], message: str
) -> None:
    connection = make_shop(weeks=12)
    with pytest.raises(ProfilectlError, match=message):
        train(connection, replace(shop_task, **changes))
    assert connection.execute("select count(*) from duckdb_tables() where temporary").fetchall() == [(0,)]


def test_few_users_need_fewer_per_item(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    connection = make_shop(users=30, weeks=14)
    result = train(connection, replace(shop_task, min_users_per_item=1000, candidates=("popularity",)))
    assert result.n_users == 33


def test_items_that_nobody_shares_are_a_clear_error(
    make_shop: MakeShop, shop_task: RecommendationTask
) -> None:
    connection = make_shop(weeks=14)
    connection.execute("update marts.fct_events set item_id = user_id || occurred_at")
    with pytest.raises(ProfilectlError, match="no item has 3 users or more"):
        train(connection, shop_task)


def test_a_value_of_a_filter_is_only_a_value(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    hostile = (("event_type", ("purchase", "'); drop table marts.fct_events; --")),)
    connection = make_shop(weeks=16)
    train(connection, replace(shop_task, filter=hostile, candidates=("popularity",)))
    assert connection.execute("select count(*) > 0 from marts.fct_events").fetchall() == [(True,)]


def test_a_failure_while_writing_leaves_the_former_lists(
    make_shop: MakeShop, shop_task: RecommendationTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = make_shop(weeks=16)
    train(connection, replace(shop_task, candidates=("popularity",)))
    before = recommended(connection)

    def fail(*_: object) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr("profilectl_ml.recommending.writing._without_history", fail)
    with pytest.raises(RuntimeError, match="the power is gone"):
        train(connection, replace(shop_task, k=3))
    assert recommended(connection) == before


def test_als_competes_where_it_is_installed(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    pytest.importorskip("implicit")
    result = train(make_shop(weeks=16), replace(shop_task, repeats="false", candidates=("als", "blend")))
    assert {"als", "blend"} <= set(result.test)
    assert result.params["left_out"] == {}


def test_als_is_left_out_with_a_reason_where_it_is_not(
    make_shop: MakeShop, shop_task: RecommendationTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profilectl_ml.recommending.als.available", lambda: False)
    connection = make_shop(weeks=16)
    result = train(connection, replace(shop_task, repeats="false", candidates=("als", "item_item")))
    assert set(result.test) == {"popularity", "item_item"}
    ((details,),) = connection.execute("select details from ml.runs").fetchall()
    assert "not installed" in json.loads(details)["left_out"]["als"]


def test_beyond_the_cap_the_most_popular_items_stay(
    make_shop: MakeShop, shop_task: RecommendationTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profilectl_ml.recommending.history.MAX_ITEMS", 10)
    connection = make_shop(weeks=16)
    result = train(connection, shop_task)
    assert result.params["left_out"]["items"] == "the 10 most popular of 42 items"
    assert len({row[2] for row in recommended(connection)}) <= 10


def test_a_stored_model_recommends_the_same_again(make_shop: MakeShop, shop_task: RecommendationTask) -> None:
    connection = make_shop()
    first = training.train(connection, shop_task)
    before = recommended(connection)
    training.train(connection, replace(shop_task, candidates=("popularity",)))
    assert recommended(connection) != before
    change = promotion.rollback(connection, shop_task.name)
    assert (change.model_id, change.users) == (first.model_id, first.n_users)
    assert recommended(connection) == before
    assert connection.execute("select distinct model_id from ml.recommendations").fetchall() == [
        (first.model_id,)
    ]

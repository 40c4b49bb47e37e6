"""What a model gave users follows the features: only for whom something changed, and for those in full."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import pytest

from profilectl_ml import promotion, training, watermarks
from profilectl_ml.refreshing import refresh
from profilectl_ml.segmenting import training as segmenting
from profilectl_ml.segmenting.features import Feature
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.tasks import Task

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]
Rows = list[tuple[Any, ...]]
TOUCHED = {"u0003", "u0007", "new"}

SEGMENTS = ClusteringTask(
    name="audience",
    features=("marts", "user_features"),
    entity="user_id",
    columns=(Feature("spend_84d", "log"), Feature("visits", "none")),
    value="spend_84d",
    most_k=3,
)


@pytest.fixture(params=["sql", "batches"])
def trained(request: pytest.FixtureRequest, make_marts: MakeMarts, quick_task: Task) -> Any:
    """Users with scores, reasons and segments; the model is written as SQL, or predicts in batches."""
    connection = make_marts()
    connection.execute("alter table marts.user_features add column changed_in bigint default 1")
    training.train(connection, quick_task)
    segmenting.train(connection, SEGMENTS)
    if request.param == "batches":
        connection.execute("update ml.models set scoring_sql = null where kind = 'regression'")
    return connection


def made(connection: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    asked = {
        "scores": "select user_id, score from ml.scores order by all",
        "reasons": "select user_id, rank, feature, value, contribution from ml.score_reasons order by all",
        "segments": "select user_id, segment, distance from ml.segments order by all",
        "profiles": "select segment, users, share, value from ml.segment_profiles order by all",
    }
    return {name: connection.execute(query).fetchall() for name, query in asked.items()}


def moments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Any]:
    found = connection.execute(
        "select 'score', user_id, scored_at from ml.scores union all"
        " select 'segment', user_id, assigned_at from ml.segments"
    ).fetchall()
    return {(what, user): moment for what, user, moment in found}


def change(connection: duckdb.DuckDBPyConnection) -> None:
    """Two users behave otherwise, one is gone, one is new."""
    connection.execute(
        "update marts.user_features set spend_84d = 900, visits = 30, changed_in = 2"
        " where user_id in ('u0003', 'u0007');"
        "delete from marts.user_features where user_id = 'u0005';"
        "insert into marts.user_features by name select 'new' as user_id, true as has_purchase,"
        " 60 as spend_84d, 20 as spend_ewma_8w, 2 as visits, date '2017-12-31' as as_of, 2 as changed_in"
    )


def test_nothing_is_done_while_nothing_changed(trained: duckdb.DuckDBPyConnection) -> None:
    before = moments(trained)
    assert refresh(trained) == []
    assert moments(trained) == before


def test_touched_users_get_what_scoring_everyone_would_give_them(trained: duckdb.DuckDBPyConnection) -> None:
    before, reasons = moments(trained), made(trained)["reasons"]
    change(trained)
    done = refresh(trained)
    assert [(one.task, one.users) for one in done] == [("audience", 3), ("spend_next_28d", 3)]
    found, after = made(trained), moments(trained)
    assert {key[1] for key, moment in after.items() if moment != before.get(key)} == TOUCHED
    assert "u0005" not in {user for _, user in after}
    old = [row for row in found["reasons"] if row[0] not in TOUCHED]
    assert_alike({"reasons": old}, {"reasons": [r for r in reasons if r[0] not in {*TOUCHED, "u0005"}]})
    for task in ("audience", "spend_next_28d"):
        promotion.rescore(trained, task)
    # Reasons too: they compare with the typical users of when the model began to serve, whoever has changed.
    assert_alike(found, made(trained))
    assert refresh(trained) == []


def test_a_user_who_went_takes_everything_along(trained: duckdb.DuckDBPyConnection) -> None:
    before = made(trained)
    trained.execute(
        "delete from marts.user_features where user_id = 'u0005'; create schema ops;"
        " create table ops.model_state as select 'user_features' as model, 2 as wrote"
    )
    assert [one.users for one in refresh(trained)] == [0, 0]
    found = made(trained)
    for what in ("scores", "reasons", "segments"):
        assert found[what] == [row for row in before[what] if row[0] != "u0005"]
    assert refresh(trained) == []


def test_scores_that_dbt_made_still_get_their_reasons(trained: duckdb.DuckDBPyConnection) -> None:
    change(trained)
    # What the macro `rescored` leaves behind: scores that follow the features, reasons that do not.
    trained.execute("update ml.scored set through = 2 where what = 'scores'")
    before = trained.execute("select user_id, scored_at from ml.scores order by 1").fetchall()
    refresh(trained)
    assert trained.execute("select user_id, scored_at from ml.scores order by 1").fetchall() == before
    found = made(trained)
    promotion.rescore(trained, "spend_next_28d")
    assert {row[0] for row in found["reasons"]} >= TOUCHED
    assert_alike({"reasons": found["reasons"]}, {"reasons": made(trained)["reasons"]})


def test_too_many_touched_users_are_everyone(
    trained: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("profilectl_ml.refreshing", "profilectl_ml.watermarks"):
        monkeypatch.setattr(f"{module}.MOST_TOUCHED", 2)
    change(trained)
    done = refresh(trained)
    assert [one.why for one in done] == ["the features of 3 users changed"] * 2
    assert {one.users for one in done} == {121}


@pytest.mark.parametrize("kind", ["table", "view"])
def test_features_that_do_not_say_what_changed_are_scored_whole_once_they_are_others(
    make_marts: MakeMarts, quick_task: Task, kind: str
) -> None:
    connection = make_marts()
    connection.execute("alter table marts.user_features rename to features")
    connection.execute(f"create {kind} marts.user_features as select * from marts.features")
    rows = "marts.user_features" if kind == "table" else "marts.features"
    training.train(connection, quick_task)
    segmenting.train(connection, SEGMENTS)
    assert refresh(connection) == []
    connection.execute(f"update {rows} set age_band = 'which no model reads'")
    assert refresh(connection) == []
    for change in (
        f"update {rows} set spend_84d = spend_84d + 1 where user_id = 'u0003'",
        f"update {rows} set as_of = as_of + 1",
        f"update {rows} set user_id = 'u9999' where user_id = 'u0003'",
        f"delete from {rows} where user_id = 'u0005'",
    ):
        connection.execute(change)
        done = refresh(connection)
        assert [one.task for one in done] == ["audience", "spend_next_28d"]
        assert {one.why for one in done} == {"its features do not say what changed"}
        assert refresh(connection) == []
    assert {one.users for one in done} == {120}
    assert made(connection)["reasons"]


def test_a_new_model_or_an_old_warehouse_scores_everyone(trained: duckdb.DuckDBPyConnection) -> None:
    trained.execute("delete from ml.scored")
    assert {one.users for one in refresh(trained)} == {121}
    assert watermarks.mark(
        trained, "spend_next_28d", "scores", _serving(trained), ("marts", "user_features")
    ).is_current


@pytest.mark.parametrize(
    "spoil",
    [
        "alter table marts.user_features drop column home",
        "update ml.models set format_version = 99 where kind = 'regression'",
    ],
)
def test_a_model_that_cannot_score_holds_up_no_other(
    trained: duckdb.DuckDBPyConnection, quick_task: Task, spoil: str
) -> None:
    training.train(trained, replace(quick_task, name="zeta"))
    change(trained)
    before = made(trained)
    trained.execute(spoil)
    done = {one.task: one for one in refresh(trained)}
    assert (done["audience"].users, done["audience"].error) == (3, None)
    for task in ("spend_next_28d", "zeta"):
        assert done[task].users == 0
        assert re.search("^marts.user_features lacks 1 column|stored in format 99", str(done[task].error))
    after = made(trained)
    assert (after["scores"], after["reasons"]) == (before["scores"], before["reasons"])
    assert after["segments"] != before["segments"]
    assert [one.task for one in refresh(trained)] == ["spend_next_28d", "zeta"]


def test_a_failure_is_told_and_leaves_scores_and_marks_as_they_were(
    trained: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(trained)
    trained.execute("delete from ml.models where kind = 'clustering'")
    before, marks = made(trained), trained.execute("select * from ml.scored order by all").fetchall()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("profilectl_ml.refreshing.explain_some", broken)
    assert {one.error for one in refresh(trained)} == {"RuntimeError: broken"}
    assert made(trained) == before
    assert trained.execute("select * from ml.scored order by all").fetchall() == marks


def _serving(connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute("select model_id from ml.models where serving and kind = 'regression'")
    return str(found.fetchall()[0][0])


def assert_alike(found: dict[str, Rows], expected: dict[str, Rows]) -> None:
    """The same rows, numbers to nine digits: sums over parts of the users differ in their last bits."""
    for name, rows in expected.items():
        assert _rounded(found[name]) == _rounded(rows), name


def _rounded(rows: Rows) -> Rows:
    return [tuple(float(f"{v:.9g}") if isinstance(v, float) else v for v in row) for row in rows]

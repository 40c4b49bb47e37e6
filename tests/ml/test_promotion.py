"""Who serves changes together with the scores, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from profilectl_ml import promotion, serving, training, watermarks
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.tables import table_task
from profilectl_ml.tasks import Task

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]
Served = tuple[duckdb.DuckDBPyConnection, list[str]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the warehouse that all these tests start from."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(make_marts: MakeMarts, quick_task: Task, kept: Path, tmp_path: Path) -> Served:
    """Three trainings, of which the last one serves; each test has its own copy."""
    original, listed = kept / "trained.duckdb", kept / "models"
    if not original.exists():
        connection = make_marts()
        tasks = [replace(quick_task, candidates=(name,)) for name in ("ridge", "linear", "ridge")]
        listed.write_text("\n".join(training.train(connection, task).model_id for task in tasks))
        connection.execute(f"attach '{original}' as kept")
        connection.execute("copy from database memory to kept")
        connection.close()
    copied = shutil.copy(original, tmp_path / "warehouse.duckdb")
    return duckdb.connect(str(copied)), listed.read_text().splitlines()


def state(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    asked = {
        "serving": "select model_id from ml.models where serving",
        "scored by": "select distinct model_id from ml.scores",
        "scores": "select user_id, score, scored_at from ml.scores order by 1",
        "log": "select model_id, event, reason from ml.promotions order by promoted_at, rowid",
    }
    return {name: connection.execute(query).fetchall() for name, query in asked.items()}


def test_promoting_changes_flag_scores_and_log_together(trained: Served) -> None:
    connection, models = trained
    before = state(connection)
    change = promotion.promote(connection, models[1], reason="easier to explain")
    after = state(connection)
    assert (change.model_id, change.before, change.users) == (models[1], models[2], len(after["scores"]))
    assert after["serving"] == after["scored by"] == [(models[1],)]
    assert after["scores"] != before["scores"]
    assert after["log"] == [*before["log"], (models[1], "promoted", "easier to explain")]


@pytest.mark.parametrize(
    ("module", "fails"),
    [(promotion, "set_serving"), (serving, "write_scores"), (serving, "write_reasons")],
)
def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    trained: Served, monkeypatch: pytest.MonkeyPatch, module: ModuleType, fails: str
) -> None:
    connection, models = trained
    before, real = state(connection), getattr(module, fails)

    def fail_at_the_end(*arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        raise OSError("the disk is full")

    monkeypatch.setattr(module, fails, fail_at_the_end)
    with pytest.raises(OSError, match="disk is full"):
        promotion.promote(connection, models[0])
    assert state(connection) == before


def test_rolling_back_twice_goes_back_twice_and_then_no_further(trained: Served) -> None:
    connection, models = trained
    task = "spend_next_28d"
    for earlier in (models[1], models[0]):
        assert promotion.rollback(connection, task).model_id == earlier
        assert state(connection)["serving"] == state(connection)["scored by"] == [(earlier,)]
    before = state(connection)
    with pytest.raises(ProfilectlError, match="no model served task 'spend_next_28d' before"):
        promotion.rollback(connection, task)
    assert state(connection) == before


def test_a_rollback_undoes_a_promotion(trained: Served) -> None:
    connection, models = trained
    promotion.promote(connection, models[0])
    assert promotion.rollback(connection, "spend_next_28d").model_id == models[2]


def test_a_rollback_over_a_retirement_goes_no_further_forward(trained: Served) -> None:
    connection, models = trained
    task = "spend_next_28d"
    for _ in range(2):
        promotion.rollback(connection, task)
    promotion.promote(connection, models[1])
    promotion.retire(connection, task)
    promotion.promote(connection, models[1])
    assert promotion.rollback(connection, task).model_id == models[0]
    with pytest.raises(ProfilectlError, match="no model served task 'spend_next_28d' before"):
        promotion.rollback(connection, task)


def test_a_clock_that_was_set_back_changes_no_order(trained: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, models = trained
    earlier = watermarks.utc_now() - timedelta(days=1)
    for module in (promotion, watermarks):
        monkeypatch.setattr(module, "utc_now", lambda: earlier)
    promotion.promote(connection, models[0])
    for back in (models[2], models[1]):
        assert promotion.rollback(connection, "spend_next_28d").model_id == back


def test_scoring_anew_sees_new_users_and_keeps_who_serves(trained: Served) -> None:
    connection, models = trained
    log = state(connection)["log"]
    connection.execute(
        "insert into marts.user_features"
        " select * replace ('u_new' as user_id) from marts.user_features limit 1"
    )
    promotion.rescore(connection, "spend_next_28d")
    assert state(connection)["log"] == log
    assert state(connection)["scored by"] == [(models[2],)]
    assert "u_new" in {user for user, *_ in state(connection)["scores"]}


def test_a_retired_model_leaves_nothing_and_comes_back(trained: Served) -> None:
    connection, models = trained
    before = state(connection)
    change = promotion.retire(connection, "spend_next_28d", reason="the trial is over")
    assert (change.model_id, change.before, change.users) == (None, models[2], 0)
    assert state(connection) == {
        "serving": [],
        "scored by": [],
        "scores": [],
        "log": [*before["log"], (models[2], "retired", "the trial is over")],
    }
    for table in ("score_reasons", "scored"):
        assert connection.execute(f"select count(*) from ml.{table}").fetchall() == [(0,)]
    with pytest.raises(ProfilectlError, match="no model serves task 'spend_next_28d'"):
        promotion.retire(connection, "spend_next_28d")
    for earlier in (models[2], models[1]):
        assert promotion.rollback(connection, "spend_next_28d").model_id == earlier
        assert state(connection)["serving"] == state(connection)["scored by"] == [(earlier,)]


def test_a_retirement_that_fails_changes_nothing(trained: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, _ = trained
    before = state(connection)
    monkeypatch.setattr(promotion, "_GIVEN", ("scores", "no_such_table"))
    with pytest.raises(duckdb.CatalogException, match="no_such_table"):
        promotion.retire(connection, "spend_next_28d")
    assert state(connection) == before


def test_another_model_may_serve_after_a_retirement(trained: Served) -> None:
    connection, models = trained
    promotion.retire(connection, "spend_next_28d")
    assert promotion.promote(connection, models[0]).before is None
    for earlier in (models[2], models[1], models[0]):
        assert promotion.rollback(connection, "spend_next_28d").model_id == earlier
        assert state(connection)["serving"] == state(connection)["scored by"] == [(earlier,)]
    with pytest.raises(ProfilectlError, match="no model served task 'spend_next_28d' before"):
        promotion.rollback(connection, "spend_next_28d")


def test_a_table_cannot_take_the_name_of_a_declared_task_whose_model_was_retired(
    make_marts: MakeMarts, quick_task: Task
) -> None:
    connection = make_marts()
    training.train(connection, quick_task)
    promotion.retire(connection, quick_task.name)
    with pytest.raises(ProfilectlError, match="spend_next_28d is a task that the dbt project declares"):
        table_task(connection, "marts.user_features", entity="user_id", label="visits", name=quick_task.name)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("alter table marts.user_features drop column visits", "lacks 1 column.*visits"),
        ("drop table marts.user_features", "there is no table marts.user_features"),
        (
            "alter table marts.user_features alter visits type varchar",
            "visits is varchar.*learnt it as numbers",
        ),
        (
            "alter table marts.user_features alter home type int using 1",
            "home is integer.*learnt it as texts",
        ),
        (
            "alter table marts.user_features alter visits type date using date '2017-12-31'",
            "visits is date.*learnt it as numbers",
        ),
        (
            "alter table marts.user_features alter has_purchase type varchar",
            "has_purchase is varchar.*asks it who is of its population",
        ),
        (
            "alter table marts.user_features alter has_purchase type int",
            "has_purchase is integer.*asks it who is of its population",
        ),
        ("alter table marts.user_features rename as_of to day", "lacks 1 column.*as_of"),
        ("update ml.models set format_version = 99", "stored in format 99"),
        ("update ml.models set artefact = 'nonsense'::blob", "cannot be read"),
    ],
)
def test_what_cannot_score_is_refused_and_changes_nothing(trained: Served, spoil: str, said: str) -> None:
    connection, models = trained
    connection.execute(spoil)
    before = state(connection)
    for change in (
        lambda: promotion.promote(connection, models[0]),
        lambda: promotion.rollback(connection, "spend_next_28d"),
        lambda: promotion.rescore(connection, "spend_next_28d"),
    ):
        with pytest.raises(ProfilectlError, match=said):
            change()
    assert state(connection) == before


def test_names_that_are_none(trained: Served) -> None:
    connection, _ = trained
    with pytest.raises(ProfilectlError, match="no model 'nobody'"):
        promotion.promote(connection, "nobody")
    with pytest.raises(ProfilectlError, match="no model serves task 'nothing'"):
        promotion.rollback(connection, "nothing")

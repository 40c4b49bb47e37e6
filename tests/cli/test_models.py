"""Scoring anew, listing models, and changing which one serves, as a user does it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from profilectl.app import app
from profilectl.project import Paths

runner = CliRunner()


def call(*arguments: str) -> Any:
    return runner.invoke(app, list(arguments))


@pytest.fixture
def two_models(paths: Paths, tmp_path: Path) -> list[str]:
    """A file of amounts, learnt from twice; ids of the models, the first one first."""
    rng = np.random.default_rng(5)
    visits = rng.integers(0, 30, 200)
    spend = visits * 3 + rng.normal(0, 10, 200)
    rows = [f"c{i},{visits[i]},{'ab'[i % 2]},{spend[i]:.2f}" for i in range(200)]
    (tmp_path / "people.csv").write_text("\n".join(["id,visits,band,spend", *rows]) + "\n")
    for candidate in ("ridge", "linear"):
        done = call(
            "train", "--table", "people.csv", "--id", "id", "--label", "spend", "--candidates", candidate
        )
        assert done.exit_code == 0, done.output
    return [one["model_id"] for one in json.loads(call("models", "list", "--json").stdout)][::-1]


def scored_by(paths: Paths) -> list[Any]:
    with duckdb.connect(str(paths.warehouse)) as connection:
        return [m for (m,) in connection.execute("select distinct model_id from ml.scores").fetchall()]


def test_models_are_listed_the_newest_first(two_models: list[str]) -> None:
    listed = json.loads(call("models", "list", "--task", "people", "--json").stdout)
    assert [one["serving"] for one in listed] == [True, False]
    assert listed[0]["metric"] == "rmse"
    assert "serves" in call("models", "list").stdout


def test_promote_and_roll_back(paths: Paths, two_models: list[str]) -> None:
    first, second = two_models
    done = call("models", "promote", first, "--reason", "easier to explain")
    assert done.exit_code == 0, done.output
    assert f"people: {first} serves 200 users" in done.stdout
    assert scored_by(paths) == [first]
    back = json.loads(call("models", "rollback", "people", "--json").stdout)
    assert (back["model_id"], back["before"], back["users"]) == (second, first, 200)
    assert scored_by(paths) == [second]
    assert call("models", "rollback", "people").exit_code == 0
    failed = call("models", "rollback", "people")
    assert failed.exit_code == 1
    assert "no model served task 'people' before the present one" in failed.stderr


def test_scoring_reads_the_file_anew(paths: Paths, two_models: list[str], tmp_path: Path) -> None:
    with (tmp_path / "people.csv").open("a") as file:
        file.write("new,12,a,\n")
    done = call("score")
    assert done.exit_code == 0, done.output
    assert f"people: 201 users by {two_models[1]}" in done.stdout
    (tmp_path / "people.csv").unlink()
    failed = call("score", "people")
    assert failed.exit_code == 1
    assert "there is no file" in failed.stderr
    assert scored_by(paths) == [two_models[1]]


@pytest.fixture
def codes(paths: Paths, tmp_path: Path) -> Path:
    """A file that is learnt from: codes and ids that are texts, though some look like numbers."""
    rng = np.random.default_rng(5)
    spend = np.arange(120) % 3 * 20 + rng.normal(0, 10, 120)
    rows = [f"{i:03d},{i % 30},{('1.0', '1.10', '1A')[i % 3]},note {i},{spend[i]:.2f}" for i in range(120)]
    file = tmp_path / "codes.csv"
    file.write_text("\n".join(["id,visits,code,note,spend", "x00,1,1.0,note,1.5", *rows]) + "\n")
    done = call("train", "--table", "codes.csv", "--id", "id", "--label", "spend", "--candidates", "ridge")
    assert done.exit_code == 0, done.output
    return file


def test_a_file_is_read_again_as_what_it_was_learnt_as(paths: Paths, codes: Path) -> None:
    with duckdb.connect(str(paths.warehouse)) as connection:
        before = dict(connection.execute("select user_id, score from ml.scores").fetchall())
    kept = [line for line in codes.read_text().splitlines() if "1A" not in line and "x00" not in line]
    # A column that is not read may be anything; one of whole numbers may have others.
    kept = [*(line.replace(",note ", ",") for line in kept), "500,1.5,1.10,7,"]
    codes.write_text("\n".join(kept) + "\n")
    assert call("score").exit_code == 0
    with duckdb.connect(str(paths.warehouse)) as connection:
        after = dict(connection.execute("select user_id, score from ml.scores").fetchall())
    assert after.pop("500") is not None
    assert len(after) == 80
    assert after == pytest.approx({user: before[user] for user in after})


def test_a_slip_in_a_column_of_numbers_is_told_with_line_and_column(paths: Paths, codes: Path) -> None:
    lines = codes.read_text().splitlines()
    codes.write_text("\n".join([*lines[:9], "900,n/k,1.0,note,", *lines[9:]]) + "\n")
    failed = call("score")
    assert failed.exit_code == 1
    assert re.search('codes.csv: cannot be read: .*Line: 10: .*column "visits".*"n/k"', failed.stderr)


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (("score", "nobody"), "no model serves task 'nobody'", "tasks: people"),
        (("models", "promote", "nobody"), "there is no model 'nobody'", "known: people"),
        (("models", "rollback", "nobody"), "there is no model of task 'nobody'", "tasks: people"),
        (("models", "retire", "nobody"), "there is no model of task 'nobody'", "tasks: people"),
        (("models", "list", "--task", "nobody"), "there is no model of task 'nobody'", "tasks: people"),
    ],
)
def test_unknown_names(two_models: list[str], arguments: tuple[str, ...], said: str, hint: str) -> None:
    failed = call(*arguments)
    assert failed.exit_code == 1
    assert said in failed.stderr
    assert hint in failed.stderr


def test_a_column_that_is_gone_and_an_unknown_format(
    paths: Paths, two_models: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(file.read_text().replace("visits", "calls", 1))
    assert f"{file} lacks 1 column(s) that task people needs: visits" in call("score").stderr
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("update ml.models set format_version = 99")
    assert "stored in format 99" in call("models", "promote", two_models[0]).stderr
    assert scored_by(paths) == [two_models[1]]


def test_a_file_that_is_gone_holds_up_no_other_task(
    paths: Paths, two_models: list[str], tmp_path: Path
) -> None:
    (tmp_path / "before.csv").write_text((tmp_path / "people.csv").read_text())
    table = ("--table", "before.csv", "--id", "id", "--label", "spend", "--candidates", "ridge")
    assert call("train", *table).exit_code == 0
    (tmp_path / "before.csv").unlink()
    failed = call("score")
    assert failed.exit_code == 1
    assert f"people: 200 users by {two_models[1]}" in failed.stdout
    assert re.search("error: before was not scored: there is no file .*before.csv", failed.stderr)
    assert "profilectl models retire TASK" in failed.stderr
    told = json.loads(call("score", "--json").stdout)
    assert [(one["task"], one["users"], bool(one["error"])) for one in told] == [
        ("before", 0, True),
        ("people", 200, False),
    ]
    assert "before: before-" in call("models", "retire", "before", "--reason", "the file is gone").stdout
    assert call("score").exit_code == 0


def test_a_retired_task_is_no_more_until_it_is_rolled_back(paths: Paths, two_models: list[str]) -> None:
    done = json.loads(call("models", "retire", "people", "--json").stdout)
    assert (done["before"], done["model_id"]) == (two_models[1], None)
    assert scored_by(paths) == []
    assert [one["serving"] for one in json.loads(call("models", "list", "--json").stdout)] == [False, False]
    assert json.loads(call("status", "--json").stdout)["models"] == []
    again = call("models", "retire", "people")
    assert (again.exit_code, "no model serves task 'people'" in again.stderr) == (1, True)
    assert f"people: {two_models[1]} serves 200 users" in call("models", "rollback", "people").stdout
    assert scored_by(paths) == [two_models[1]]


def test_before_any_training(warehouse_without_model: Paths) -> None:
    assert "no models yet: profilectl train" in call("models", "list").stdout
    failed = call("score")
    assert failed.exit_code == 1
    assert "no model serves yet" in failed.stderr


@pytest.mark.parametrize(
    ("row", "said"),
    [("c7,12,a,", "id does not identify a row: c7 (2 times)"), (",12,a,", "1 row(s) have no id")],
)
def test_ids_of_a_file_that_has_changed_are_checked_anew(
    paths: Paths, two_models: list[str], tmp_path: Path, row: str, said: str
) -> None:
    with (tmp_path / "people.csv").open("a") as file:
        file.write(f"{row}\n")
    failed = call("score")
    assert failed.exit_code == 1
    assert said in failed.stderr
    with duckdb.connect(str(paths.warehouse)) as connection:
        assert connection.execute("select count(*), count(user_id) from ml.scores").fetchall() == [(200, 200)]


def test_ids_of_a_table_that_has_changed_are_checked_anew(
    small_warehouse: Paths,
) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("create table main.own as select * from marts.user_features")
    done = call("train", "--table", "own", "--id", "user_id", "--label", "spend_28d", "--candidates", "ridge")
    assert done.exit_code == 0, done.output
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("insert into main.own select * from main.own limit 1")
    failed = call("score", "own")
    assert failed.exit_code == 1
    assert "main.own: user_id does not identify a row: " in failed.stderr


def test_ids_of_a_csv_file_stay_as_they_are_written(paths: Paths, tmp_path: Path) -> None:
    ids = ["12345678901234567890", "12345678901234567891", "0.10", "1e3", *(f"{i}.50" for i in range(96))]
    body = [f"{one},{i % 7},{i % 7 + i % 3}" for i, one in enumerate(ids)]
    (tmp_path / "ids.csv").write_text("\n".join(["id,visits,spend", *body]) + "\n")
    done = call(
        "train", "--table", "ids.csv", "--id", "id", "--label", "spend", "--candidates", "ridge",
        "--kind", "regression",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for _ in range(2):
        with duckdb.connect(str(paths.warehouse)) as connection:
            kept = connection.execute("select user_id from ml.scores").fetchall()
        assert {one for (one,) in kept} == set(ids)
        assert call("score", "ids").exit_code == 0


def test_the_way_back_that_is_told_leads_back(two_models: list[str]) -> None:
    first, second = two_models
    for change, before in ((("promote", first), second), (("rollback", "people"), first)):
        told = call("models", *change).stdout
        assert f"before: {before}; back to it: profilectl models promote {before}" in told
    assert call("models", "promote", first).exit_code == 0


def test_a_retired_task_is_told_to_be_retired(two_models: list[str]) -> None:
    assert call("models", "retire", "people").exit_code == 0
    for command in (("models", "show"), ("models", "retire"), ("models", "promote"), ("score",)):
        failed = call(*command, "people")
        assert failed.exit_code == 1
        assert "no model serves task 'people': it was retired" in failed.stderr
        assert "profilectl models rollback people" in failed.stderr

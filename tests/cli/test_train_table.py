"""Learning from a file in an empty folder, and what a file can have wrong with it."""

from __future__ import annotations

import gzip
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
from profilectl_ml import data

runner = CliRunner()
HEADER = "customer,visits,region,signed_up,note,always,churned"
AMOUNT = ("--kind", "regression", "--candidates", "ridge")
QUICK = ("--id", "customer", "--label", "churned", "--candidates", "logistic")


def call(*arguments: str) -> Any:
    return runner.invoke(app, list(arguments))


def lines(rows: int = 240) -> list[str]:
    """Customers who leave when they visit little; two columns that are no features, one that never varies."""
    rng = np.random.default_rng(11)
    visits = rng.integers(0, 30, rows)
    leaves = rng.random(rows) < 1 / (1 + np.exp((visits - 12) / 4))
    return [
        f"c{i:03d},{visits[i]},{'north' if i % 3 else 'south'},2024-01-{1 + i % 28:02d},note {i},x,"
        f"{'yes' if leaves[i] else 'no'}"
        for i in range(rows)
    ]


def write(folder: Path, body: list[str], *, name: str = "customers.csv", header: str = HEADER) -> str:
    text = "\n".join([header, *body]) + "\n"
    if name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(text.encode()))
    else:
        (folder / name).write_text(text, encoding="utf-8")
    return name


def query(paths: Paths, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(paths.warehouse)) as connection:
        return connection.execute(sql).fetchall()


def test_a_file_in_an_empty_folder_gives_scores_by_id(paths: Paths, tmp_path: Path) -> None:
    file = write(tmp_path, lines())
    done = call("train", "--table", file, *QUICK, "--positive", "yes")
    assert done.exit_code == 0, done.output
    shown = re.sub(r"\s+", " ", done.stdout)
    assert "customers: logistic serves" in shown
    assert "tested on 48 users kept aside" in shown
    assert "signed_up: a date or time" in shown
    assert "note: text with 240 different values, more than 40" in shown
    assert "always: the same in every row" in shown
    assert "where task = 'customers'" in shown
    assert query(paths, "select count(*), min(user_id), max(user_id) from ml.scores") == [
        (240, "c000", "c239")
    ]
    assert query(paths, "select round(avg(score), 1) > 0 from ml.scores") == [(True,)]


def test_json_semicolons_gzip_and_rows_without_an_id(paths: Paths, tmp_path: Path) -> None:
    body = [line.replace(",", ";") for line in lines()]
    file = write(tmp_path, body, name="some people.csv.gz", header=HEADER.replace(",", ";"))
    done = call(
        "train", "--table", file, "--label", "churned", "--candidates", "logistic", "--without",
        "visits,customer", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    [run] = json.loads(done.stdout)["models"]
    assert (run["task"], run["kind"], run["test_cutoff"]) == ("some_people", "classification", None)
    assert run["left_out"]["visits"] == "left out on request"
    assert set(run["metrics"]["auc"]) == {"value", "low", "high", "baseline"}
    assert query(paths, "select min(user_id::int), max(user_id::int) from ml.scores") == [(1, 240)]


def test_amounts_of_a_table_in_the_warehouse(small_warehouse: Paths) -> None:
    done = call(
        "train", "--table", "marts.user_features", "--id", "user_id", "--label", "spend_28d",
        "--candidates", "ridge", "--name", "own",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "own: " in done.stdout
    assert query(small_warehouse, "select count(*) from ml.scores where task = 'own'") == [(200,)]
    # What was there before stays.
    assert query(small_warehouse, "select count(*) from ml.scores") == [(400,)]


@pytest.mark.parametrize("rows", [60, 100])
def test_a_short_table_of_amounts_is_learnt_without_a_warning(
    paths: Paths, tmp_path: Path, rows: int, recwarn: pytest.WarningsRecorder
) -> None:
    rng = np.random.default_rng(rows)
    visits = rng.integers(0, 30, rows)
    amounts = np.where(np.arange(rows) % 3 == 0, 0, visits * 3 + rng.normal(0, 9, rows))
    file = write(
        tmp_path, [f"{v},{a:.4f}" for v, a in zip(visits, amounts, strict=True)], header="visits,spend"
    )
    done = call("train", "--table", file, "--label", "spend", *AMOUNT)
    assert done.exit_code == 0, done.output
    assert not [one for one in recwarn if "least populated" in str(one.message)]


def test_one_value_of_three_is_learnt_against_the_others(paths: Paths, tmp_path: Path) -> None:
    body = [line.rpartition(",")[0] + ",maybe" if i % 10 == 0 else line for i, line in enumerate(lines())]
    file = write(tmp_path, body)
    done = call("train", "--table", file, *QUICK, "--positive", "YES")
    assert done.exit_code == 0, done.output


def spoiled(body: list[str], at: int, line: str) -> list[str]:
    return [*body[:at], line, *body[at + 1 :]]


@pytest.mark.parametrize(
    ("body", "arguments", "said"),
    [
        (lines(), ("--label", "left"), "has no column 'left' (--label)"),
        (lines(), ("--id", "number"), "customers.csv has no column 'number' (--id)"),
        (lines(), ("--without", "number"), "customers.csv has no column 'number' (--without)"),
        (lines() + lines()[:2], (), "customer does not identify a row: c000 (2 times), c001 (2 times)"),
        (spoiled(lines(), 9, ",1,north,,a,x,yes"), (), "1 row(s) have no customer"),
        (
            spoiled(lines(), 9, "c009,1,north,,a,x,maybe"),
            (),
            "churned has 3 different values (maybe, no, yes), a classification needs two",
        ),
        (lines(), ("--positive", "perhaps"), "churned is never 'perhaps' (--positive)"),
        (lines(), ("--label", "region", *AMOUNT), "holds varchar (north, south), not numbers"),
        (lines(), ("--label", "region"), "cannot tell which value of region counts as positive"),
        (lines(), ("--label", "always"), "always is x in every row; there is nothing to learn"),
        (spoiled(lines(), 9, "c009,1,north,,a,x,yes,1"), (), "customers.csv, line 11: 8 values"),
        (spoiled(lines(), 9, "c009,1"), (), "customers.csv, line 11: 2 values"),
        (spoiled(lines(), 9, 'c009,1,"north"ern,,a,x,yes'), (), "customers.csv, line 11: "),
        (lines(), ("--label", "always"), "hint: name another column with --label"),
        (lines(), ("--label", "customer"), "hint: name another column with --id or --label"),
        (lines(30), (), "30 users with a label, at least 50 are needed"),
    ],
)  # fmt: skip
def test_bad_input_says_file_and_place_and_leaves_nothing(
    paths: Paths, tmp_path: Path, body: list[str], arguments: tuple[str, ...], said: str
) -> None:
    failed = call("train", "--table", write(tmp_path, body), *QUICK, *arguments)
    assert failed.exit_code == 1, failed.output
    assert said in failed.stderr
    assert not paths.warehouse.exists()


def test_files_that_are_no_tables(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "latin.csv").write_bytes("id,ort\n1,Köln\n".encode("latin-1"))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    for name, said in (
        ("nothing.csv", "there is no file nothing.csv"),
        ("empty.csv", "empty.csv, line 1: there is no header"),
        ("latin.csv", "latin.csv: is not UTF-8 text"),
        ("broken.parquet", "broken.parquet: cannot be read"),
        ("book.xlsx", "neither a file that can be read nor a table"),
        ("marts.people", "there is no warehouse at"),
    ):
        failed = call("train", "--table", name, "--id", "id", "--label", "ort")
        assert failed.exit_code == 1, failed.output
        assert said in failed.stderr
    assert not paths.warehouse.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--table", "a.csv"), "which column is to be learnt"),
        (("--label", "a"), "needs --table"),
        (("a_task", "--table", "a.csv", "--label", "b"), "leave the tasks out"),
        (("--table", "a.csv", "--label", "b", "--kind", "ranking"), "is not regression or classification"),
        (("--table", "a.csv", "--label", "b", "--candidates", "oracle"), "'oracle' is not one of"),
        (("--table", "a.csv", "--label", "b", "--kind", "regression", "--metric", "brier"), "one of mse"),
        (("--seed", "-1"), "Invalid value for '--seed'"),
        (("--seed", str(2**32)), "Invalid value for '--seed'"),
    ],
)
def test_wrong_usage_ends_with_2(paths: Paths, arguments: tuple[str, ...], said: str) -> None:
    failed = call("train", *arguments)
    assert failed.exit_code == 2
    assert said in re.sub(r"[\s│]+", " ", failed.stderr)


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(paths: Paths, tmp_path: Path) -> None:
    done = call("train", "--table", write(tmp_path, lines()), *QUICK)
    told = [line for line in done.stderr.splitlines() if line.startswith("training ")]
    assert 2 <= len(told) <= 6
    assert told[0] == "training 0%: reading customers.csv"


def test_a_sample_of_the_users_is_said_wherever_the_model_is_shown(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "MAX_USERS", 100)
    file, sample = write(tmp_path, lines()), "a fixed sample of 100 of 240 users"
    done = call("train", "--table", file, *QUICK, "--positive", "yes")
    assert done.exit_code == 0, done.output
    assert sample in done.stdout
    card = json.loads(call("models", "show", "customers", "--json").stdout)
    assert sample in card["data"]["how"]
    assert f"Learnt and judged on {sample}; all are scored." in card["limits"]
    assert sample in call("models", "show", "customers").stdout
    assert query(paths, "select count(*) from ml.scores") == [(240,)]
    monkeypatch.setattr(data, "MAX_USERS", 240)
    whole = call("train", "--table", file, *QUICK, "--positive", "yes")
    assert whole.exit_code == 0, whole.output
    assert "a fixed sample" not in whole.stdout


def test_a_file_may_have_a_row_number_of_its_own(paths: Paths, tmp_path: Path) -> None:
    body = [f"{1000 + place},{line}" for place, line in enumerate(lines())]
    file = write(tmp_path, body, header=f"row_number,{HEADER}")
    quick = ("--label", "churned", "--candidates", "logistic", "--positive", "yes")
    done = call("train", "--table", file, *quick)
    assert done.exit_code == 0, done.output
    ids = "select min(user_id::int), max(user_id::int) from ml.scores where task = ?"
    with duckdb.connect(str(paths.warehouse)) as connection:
        assert connection.execute(ids, ["customers"]).fetchall() == [(1, 240)]
    done = call("train", "--table", file, *quick, "--id", "row_number", "--name", "own")
    assert done.exit_code == 0, done.output
    scored = call("score", "own")
    assert scored.exit_code == 0, scored.output
    with duckdb.connect(str(paths.warehouse)) as connection:
        assert connection.execute(ids, ["own"]).fetchall() == [(1000, 1239)]


def test_files_of_different_names_are_different_tasks(paths: Paths, tmp_path: Path) -> None:
    names = ["q1.customers.csv", "q2.customers.csv", "客户.csv", "订单.csv", "cafe\u0301.csv"]
    for name in names:
        done = call("train", "--table", write(tmp_path, lines(), name=name), *QUICK, "--positive", "yes")
        assert done.exit_code == 0, done.output
    tasks = {task for (task,) in query(paths, "select distinct task from ml.scores")}
    assert tasks == {"q1_customers", "q2_customers", "客户", "订单", "café"}
    assert call("models", "show", "客户").exit_code == 0
    assert call("report").exit_code == 0


def test_a_file_does_not_replace_what_another_file_of_its_name_gave(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "june").mkdir()
    first, arguments = write(tmp_path, lines()), (*QUICK, "--positive", "yes")
    other = f"june/{write(tmp_path / 'june', lines()[:200])}"
    for _ in range(2):  # the same file again is the same task
        assert call("train", "--table", first, *arguments).exit_code == 0
    failed = call("train", "--table", other, *arguments)
    assert failed.exit_code == 1
    theirs, ours = tmp_path / "customers.csv", tmp_path / "june/customers.csv"
    assert f"the task customers was learnt from {theirs}, not {ours}" in failed.stderr
    assert query(paths, "select count(*) from ml.scores") == [(240,)]
    assert call("train", "--table", other, *arguments, "--name", "june").exit_code == 0
    taken = call("train", "--table", other, *arguments, "--name", "customers")
    assert taken.exit_code == 0, taken.output
    assert query(paths, "select task, count(*) from ml.scores group by 1 order by 1") == [
        ("customers", 200), ("june", 200),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "asks"),
    [
        (("--label", "visits", *AMOUNT), "visits (regression)"),
        (("--label", "region", "--positive", "north"), "whether region is north"),
        (("--label", "churned", "--positive", "no"), "whether churned is false"),
    ],
)
def test_another_label_of_the_same_file_does_not_replace_the_task(
    paths: Paths, tmp_path: Path, asked: tuple[str, ...], asks: str
) -> None:
    file, common = write(tmp_path, lines()), ("--id", "customer", "--without", "always")
    first = ("--label", "churned", "--positive", "yes", "--candidates", "logistic")
    assert call("train", "--table", file, *common, *first).exit_code == 0
    kept = query(paths, "select * from ml.scores order by all")
    failed = call("train", "--table", file, *common, "--candidates", "logistic", *asked)
    assert failed.exit_code == 1, failed.output
    said = f"the task customers learns whether churned is true, not {asks}"
    assert f"error: {said}\nhint: call this one otherwise (--name NAME)" in failed.stderr
    assert query(paths, "select * from ml.scores order by all") == kept
    # The same question in other ways is the same task, and on purpose another one may take over.
    again = call("train", "--table", file, *common, *first, "--without", "region", "--metric", "brier")
    assert again.exit_code == 0, again.output
    taken = call("train", "--table", file, *common, "--candidates", "logistic", *asked, "--name", "customers")
    assert taken.exit_code == 0, taken.output
    assert call("train", "--table", file, *common, "--candidates", "logistic", *asked).exit_code == 0


def test_a_table_cannot_take_the_name_of_a_declared_task(paths: Paths, tmp_path: Path) -> None:
    file = write(tmp_path, lines())
    assert call("train", "--table", file, *QUICK, "--positive", "yes", "--name", "declared").exit_code == 0
    with duckdb.connect(str(paths.warehouse)) as connection:
        # As the dbt project's tasks are kept: with the column of their cutoffs.
        connection.execute(
            'update ml.models set details = json_merge_patch(details, \'{"task": {"cutoff": "cutoff"}}\')'
        )
    failed = call("train", "--table", file, *QUICK, "--positive", "yes", "--name", "declared")
    assert failed.exit_code == 1
    assert "declared is a task that the dbt project declares" in failed.stderr


def test_a_table_cannot_take_the_name_of_a_declared_task_before_it_is_trained(
    paths: Paths, tmp_path: Path
) -> None:
    file = write(tmp_path, lines())
    paths.manifest.parent.mkdir(parents=True)
    # As dbt leaves it; a dashboard's name is free.
    exposures = {"a": {"name": "customers", "type": "ml"}, "b": {"name": "board", "type": "dashboard"}}
    paths.manifest.write_text(json.dumps({"exposures": exposures}))
    failed = call("train", "--table", file, *QUICK, "--positive", "yes")
    assert failed.exit_code == 1
    assert "customers is a task that the dbt project declares" in failed.stderr
    assert not paths.warehouse.exists()
    assert call("train", "--table", file, *QUICK, "--positive", "yes", "--name", "board").exit_code == 0


LABELS = {
    "float32": "case when {yes} then 0.1 else 0.7 end::float",
    "time": "timestamp '2024-01-01 00:00:00.5' + to_days(case when {yes} then 0 else 1 end)",
}


def parquet(folder: Path, label: str) -> str:
    """200 customers; they leave when they visit little."""
    yes = "(i * 7) % 30 + hash(i) % 20 < 20"
    duckdb.execute(
        f"copy (select 'c' || i as id, (i * 7) % 30 as visits, {label.format(yes=yes)} as y"
        f" from range(200) r(i)) to '{folder / 'people.parquet'}'"
    )
    return "people.parquet"


@pytest.mark.parametrize(("label", "positive"), [("float32", "0.1"), ("time", "2024-01-01 00:00:00.5")])
def test_the_value_that_counts_is_said_as_it_is_shown(
    paths: Paths, tmp_path: Path, label: str, positive: str
) -> None:
    file = parquet(tmp_path, LABELS[label])
    done = call(
        "train", "--table", file, "--id", "id", "--label", "y", "--candidates", "logistic",
        "--positive", positive, "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    [run] = json.loads(done.stdout)["models"]
    assert run["metrics"]["auc"]["value"] > 0.7


@pytest.mark.parametrize(
    "arguments",
    [("--positive", "1.0", "--candidates", "logistic"), ("--candidates", "logistic"), AMOUNT],
)
def test_a_label_that_is_not_a_number_is_missing(
    paths: Paths, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = parquet(tmp_path, "case when i % 4 = 0 then 'nan'::double when {yes} then 1 else 0 end::double")
    done = call("train", "--table", file, "--id", "id", "--label", "y", *arguments)
    assert done.exit_code == 0, done.output
    assert "120 examples, tested on 30 users" in done.stdout
    assert query(paths, "select count(*) from ml.scores") == [(200,)]


def test_a_leak_in_a_table_can_be_left_out(paths: Paths, tmp_path: Path) -> None:
    body = [f"{line},{int(line.endswith('yes'))}" for line in lines()]
    file = write(tmp_path, body, header=f"{HEADER},paid back")
    failed = call("train", "--table", file, *QUICK)
    assert failed.exit_code == 1
    assert "'paid back' alone predicts churned" in failed.stderr
    assert "leave the column out: --without 'paid back'" in failed.stderr


def test_two_columns_of_one_name_and_a_file_that_is_not_there_say_what_to_do(
    paths: Paths, tmp_path: Path
) -> None:
    file = write(tmp_path, lines(), header=HEADER.replace("region", "Visits"))
    assert "hint: rename one of them" in call("train", "--table", file, *QUICK).stderr
    assert "hint: mind the spelling" in call("train", "--table", "nothing.csv", *QUICK).stderr


def test_columns_that_tell_nothing_say_why(paths: Paths, tmp_path: Path) -> None:
    duckdb.execute(
        "copy (select 'c' || i as id, i % 7 as visits, 18446744073709551615 - i::ubigint as huge,"
        " null::integer as nothing, 5 as five, replace((i / 8)::varchar, '.', ',') as price,"
        f" i % 7 + hash(i) % 9 as y from range(200) r(i)) to '{tmp_path / 'odd.parquet'}'"
    )
    done = call("train", "--table", "odd.parquet", "--id", "id", "--label", "y", *AMOUNT, "--json")
    assert done.exit_code == 0, done.output
    [run] = json.loads(done.stdout)["models"]
    said = run["left_out"]
    assert said["huge"] == "differs too little for a model to see it"
    assert (said["nothing"], said["five"]) == ("empty", "the same in every row")
    assert said["price"].endswith("they are numbers with a decimal comma, write a point")


def test_a_column_that_is_infinite_everywhere_is_not_called_empty(paths: Paths, tmp_path: Path) -> None:
    duckdb.execute(
        "copy (select i as id, i % 7 as visits, case when i % 3 > 0 then 'inf'::double end as rate,"
        f" i % 7 + hash(i) % 9 as y from range(200) r(i)) to '{tmp_path / 'odd.parquet'}'"
    )
    done = call("train", "--table", "odd.parquet", "--id", "id", "--label", "y", *AMOUNT, "--json")
    assert done.exit_code == 0, done.output
    [run] = json.loads(done.stdout)["models"]
    assert run["left_out"]["rate"] == "infinite, or too large, wherever it is known"


def test_numbers_that_no_tree_can_hold_are_missing(paths: Paths, tmp_path: Path) -> None:
    duckdb.execute(
        "copy (select i as id, i % 7 as visits, case when i % 3 > 0 then 1e300 else i % 5 end as rate,"
        f" i % 7 + hash(i) % 9 as y from range(200) r(i)) to '{tmp_path / 'odd.parquet'}'"
    )
    wanted = ("--kind", "regression", "--candidates", "decision_tree")
    done = call("train", "--table", "odd.parquet", "--id", "id", "--label", "y", *wanted, "--json")
    assert done.exit_code == 0, done.output
    assert query(paths, "select count(*) from ml.scores where isfinite(score)") == [(200,)]

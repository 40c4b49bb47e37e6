"""The update loop on the real project: only what is touched, published, told, and whole after a kill."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import PROJECT, ROOT, Home, one_at_a_time
from profilectl import building, dbt_runner, publishing
from profilectl.commands._update_text import render
from profilectl.dbt_runner import DbtOutcome, NodeFailure
from profilectl.doctor import examine
from profilectl.errors import EXIT_INTERRUPTED
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.updating import loop, news, runs, watching
from profilectl_ml import kinds, promotion, refreshing, training
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.tables import table_task
from profilectl_ml.watermarks import utc_now

RECEIPTS = (
    "basket_id,line_no,product_id,card_id,sales_value,quantity,retail_disc,coupon_disc,coupon_match_disc"
)
CUSTOMERS = "crm_id,card_id,email,first_name,last_name,updated_at"
DBT = DbtProject(PROJECT, ROOT)
KILLED = """
import os, signal, sys
from pathlib import Path
from profilectl.project import DbtProject, Paths
from profilectl.updating import loop

def kill_at(what):
    if what.startswith(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

root = Path(sys.argv[2])
loop.update(DbtProject(root / "dbt_project", root), Paths.from_environment(), train="never", tell=kill_at)
"""

KILLED_PUBLISH = """
import os, signal
from profilectl import publishing
from profilectl.project import Paths

publishing.switch = lambda paths, version: os.kill(os.getpid(), signal.SIGKILL)
publishing.publish(Paths.from_environment())
"""


def receipt(home: Home, basket: str, card: str, amount: float, day: str = "2017-06-01") -> None:
    line = f"{basket},1,milk,{card},{amount},1,0,0,0,{day} 10:00:00"
    home.land(f"shop/transactions/{basket}.csv", f"{RECEIPTS},transaction_timestamp\n{line}\n")


@pytest.fixture
def home(shared: Path, tmp_path: Path, manifest: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A copy of a home that one update has built and published: three receipts, one customer."""
    monkeypatch.setattr(dbt_runner, "_parsed", {"key": "tests", "manifest": manifest})
    monkeypatch.setattr(watching, "warm_up", lambda project, paths, key: None)
    with one_at_a_time(shared / "updated") as folder:
        original = Home(folder / "home", manifest)
        original.extra["PROFILECTL_AS_OF"] = "2017-06-30"
        if not (folder / "done").exists():
            for n in range(3):
                receipt(original, f"b{n}", f"card{n}", 10.0 + n)
            original.land(
                "crm/customers/c.csv", f"{CUSTOMERS}\nc1,card1,ann@example.org,Ann,Lee,2017-05-01\n"
            )
            with _as(original, monkeypatch):
                assert loop.update(DBT, Paths.from_environment(), train="never").success
            (folder / "done").touch()
    copied = Home(tmp_path / "home", manifest)
    subprocess.run(["cp", "-a", f"{original.folder}/.", str(copied.folder)], check=True)
    copied.extra["PROFILECTL_AS_OF"] = "2017-06-30"
    with _as(copied, monkeypatch):
        yield copied


class _as:
    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self._home, self._monkeypatch = home, monkeypatch

    def __enter__(self) -> None:
        for name, value in self._home.environment.items():
            self._monkeypatch.setenv(name, value)

    def __exit__(self, *_: object) -> None:
        return None


def train_on_a_table(home: Home) -> None:
    """Let a model serve that learnt from a table of its own, main.trial."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "create table main.trial as select range as id, range % 7 as x, x * 2 as y from range(80)"
        )
        task = table_task(connection, "main.trial", entity="id", label="y", candidates=("ridge",))
        training.train(connection, replace(task, max_alone=1.0))


def score_by_hand(home: Home) -> None:
    """Give a user a score that no version has yet."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "insert into ml.scores (user_id, task, score, scored_at) values ('u', 't', 1, now()::timestamp)"
        )
        connection.execute("create table if not exists ml.runs (created_at timestamp)")
        connection.execute("create table if not exists ml.promotions (promoted_at timestamp)")


def update(**options: Any) -> loop.Updated:
    return loop.update(DBT, Paths.from_environment(), **{"train": "never"} | options)


def published(sql: str) -> Any:
    with duckdb.connect(str(Paths.from_environment().published.resolve()), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def warehouse(sql: str) -> Any:
    with duckdb.connect(str(Paths.from_environment().warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def events() -> Any:
    return published("select event_id, user_id is not null from marts.fct_events order by 1")


def test_nothing_new_is_nothing_done(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = publishing.current(Paths.from_environment())
    monkeypatch.setattr(loop, "run_dbt", lambda *_: pytest.fail("dbt was started"))
    done = update()
    assert (done.run.outcome, done.success, done.published) == (runs.NOTHING_NEW, True, None)
    assert publishing.current(Paths.from_environment()) == before
    assert warehouse("select outcome, command, files from ops.runs order by run_id") == [
        ("published", "update", 4),
        ("nothing new", "update", 0),
    ]


def test_published_views_are_written_for_the_oldest_duckdb_that_reads_them(home: Home) -> None:
    views = published("select view_name, sql from duckdb_views() where not internal")
    assert len(views) > 10
    # DuckDB 1.0 has no max_by over a row, and before 1.2 a map gave a list for a key
    too_new = re.compile(r'(max_by|min_by|arg_max|arg_min)\([^()]*, (main\.)?"?row"?\(|\[[a-z_."]*[a-z_"]\]')
    assert {name for name, sql in views if too_new.search(sql)} == set()


def test_a_new_file_builds_what_it_touches_and_nothing_else(home: Home) -> None:
    receipt(home, "b9", "card1", 99.0)
    done = update()
    assert done.success
    ran = {one["unique_id"].split(".")[2] for one in _results(home) if one["status"] != "skipped"}
    assert {"stg_shop__transactions", "user_features", "user_profile", "data_quality"} <= ran
    assert not {name for name in ran if name.startswith(("stg_crm", "stg_synthetic", "quarantine_crm"))}
    assert ("shop.transactions:b9:1", True) in events()
    assert len(events()) == 4
    [(run,)] = warehouse("select max(run_id) from ops.runs")
    assert warehouse(f"select files, rows, users, outcome, version from ops.runs where run_id = {run}") == [
        (1, 1, 1, "published", publishing.current(Paths.from_environment()))
    ]
    [(steps,)] = warehouse(f"select steps from ops.runs where run_id = {run}")
    assert [one["step"] for one in json.loads(steps)] == ["build", "train", "publish"]
    [(file, rows, seconds)] = warehouse(f"select file, rows, seconds from ops.freshness where run_id = {run}")
    assert (file, rows) == ("shop/transactions/b9.csv", 1)
    assert 0 < seconds < 600
    assert update().run.outcome == runs.NOTHING_NEW


@pytest.mark.parametrize(("given", "used"), [(None, 2), ("1", 1)])
def test_an_update_builds_two_nodes_at_once_unless_told_otherwise(
    home: Home, monkeypatch: pytest.MonkeyPatch, given: str | None, used: int
) -> None:
    if given is not None:
        monkeypatch.setenv("PROFILECTL_THREADS", given)
    receipt(home, "b9", "card1", 99.0)
    assert update().success
    assert _run_results()["args"]["threads"] == used


def test_what_lands_while_dbt_runs_is_in_the_same_version(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt(home, "b9", "card1", 99.0)
    real = loop.run_dbt

    def late(project: Any, paths: Any, command: Any, progress: Any) -> DbtOutcome:
        # after the look at the folder, before dbt takes files: of an entity that was not selected
        late_file = home.landing / "crm/customers/late.csv"
        if not late_file.exists():
            home.land("crm/customers/late.csv", f"{CUSTOMERS}\nc2,card2,bob@example.org,Bob,Ray,2017-05-02\n")
        return real(project, paths, command, progress)

    monkeypatch.setattr(loop, "run_dbt", late)
    assert update().success
    assert published("select count(*) from marts.dim_users where first_name = 'Bob'") == [(1,)]
    assert update().run.outcome == runs.NOTHING_NEW


def test_a_refused_file_is_told_until_it_is_mended_and_holds_nothing_up(home: Home) -> None:
    receipt(home, "b9", "card1", 99.0)
    home.land("crm/customers/bad.csv", "nothing,of,this\n1,2,3\n")
    done = update()
    assert done.run.outcome == runs.PUBLISHED
    assert not done.success
    assert [file["file"] for file in done.refused] == ["crm/customers/bad.csv"]
    assert len(events()) == 4
    again = update()
    assert (again.run.outcome, again.success, len(again.refused)) == (runs.NOTHING_NEW, False, 1)
    (home.landing / "crm/customers/bad.csv").unlink()
    assert update().success
    receipt(home, "b10", "card1", 1.0)
    assert update().success


def test_a_refused_file_is_told_beside_the_json_too(home: Home, call: Any) -> None:
    home.land("shop/transactions/b9.tsv", f"{RECEIPTS}\n")
    done = call("update", "--train", "never", "--json", "--project-dir", str(PROJECT))
    assert [row["file"] for row in json.loads(done.stdout)["refused"]] == ["shop/transactions/b9.tsv"]
    assert done.exit_code == 1
    assert "warning: shop/transactions/b9.tsv was refused: unsupported_format" in done.stderr


def test_each_file_that_was_not_taken_is_named_and_only_an_empty_one_is_no_fault(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.land("crm/customers/empty.csv", "")
    done = update()
    assert (done.success, done.run.files_rejected) == (True, 1)
    render(done)
    assert "warning: crm/customers/empty.csv was passed over: empty_file" in capsys.readouterr().err
    stray = {
        "shops/transactions/b9.csv": "unknown_source",
        "shop/receipts/b9.csv": "unknown_entity",
        "shop/transactions/b9.tsv": "unsupported_format",
        "shop/transactions/caf\\xe9.csv": "unsupported_encoding",
    }
    for file in stray:
        home.land(file.replace("\\xe9", "\udce9"), f"{RECEIPTS}\n")
    for outcome in (runs.PUBLISHED, runs.NOTHING_NEW):
        done = update()
        assert (done.run.outcome, done.success) == (outcome, False)
        assert {file["file"]: file["reason"] for file in done.as_json()["refused"]} == stray
        render(done)
        told = capsys.readouterr().err
        assert all(f"warning: {file} was refused: {reason} " in told for file, reason in stray.items())
    [found] = [check for check in examine(Paths.from_environment()) if check.name == "warehouse"]
    assert (found.state, "lacks 4 files" in found.found) == ("warn", True)
    built = building.build(DBT, Paths.from_environment())
    assert str(built.dbt.failures[0]) == f"test assert_no_file_refused: refused: {', '.join(sorted(stray))}"
    assert {file["file"] for file in built.files_rejected} == set(stray)


def test_rows_that_were_set_aside_are_counted_and_their_files_named(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    good = "b9,1,milk,card1,9.5,1,0,0,0,2017-06-01 10:00:00"
    lines = (good, good.replace("9.5", "abc").replace("b9", "b8"), "b7,1,milk", "b6,1,caf\udce9" + good[9:])
    text = f"{RECEIPTS},transaction_timestamp\n" + "\n".join(lines) + "\n"
    home.land("shop/transactions/b9.csv", text.encode("utf-8", "surrogateescape"))
    home.land("crm/customers/d.csv", f"{CUSTOMERS}\nc2,card2\n")
    home.land("crm/customers/bad.csv", "nothing,of,this\n1,2,3\n")  # refused whole: told as such
    done = update()
    assert (done.as_json()["rows_quarantined"], done.as_json()["quarantined"]) == (
        4,
        [
            {
                "file": "shop/transactions/b9.csv",
                "rows": 3,
                "reasons": {"invalid": 1, "invalid_encoding": 1, "malformed_csv": 1},
            },
            {"file": "crm/customers/d.csv", "rows": 1, "reasons": {"malformed_csv": 1}},
        ],
    )
    render(done)
    assert (
        "set aside: 4 rows of 2 files (shop/transactions/b9.csv: 1 invalid, 1 invalid_encoding, "
        "1 malformed_csv; crm/customers/d.csv: 1 malformed_csv); see marts.quarantined_rows\n"
    ) in capsys.readouterr().out
    (home.landing / "crm/customers/bad.csv").unlink()
    receipt(home, "b10", "card1", 1.0)
    done = update()
    assert (done.success, done.as_json()["rows_quarantined"], done.as_json()["quarantined"]) == (True, 0, [])
    render(done)
    assert "set aside" not in capsys.readouterr().out


def test_what_does_not_pass_its_tests_is_not_published(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = publishing.current(Paths.from_environment())
    receipt(home, "b9", "card1", 99.0)
    real = loop.run_dbt

    def failing(*arguments: Any) -> DbtOutcome:
        done = real(*arguments)
        return DbtOutcome(done.done, 0, [NodeFailure("some_test", "test", "3 rows failed", 3)], 1.0)

    monkeypatch.setattr(loop, "run_dbt", failing)
    done = update()
    assert (done.run.outcome, done.success) == (runs.FAILED, False)
    assert done.run.reason == "dbt: test some_test: 3 rows failed"
    assert publishing.current(Paths.from_environment()) == before
    monkeypatch.setattr(loop, "run_dbt", real)
    done = update()
    assert (done.run.outcome, len(events())) == (runs.PUBLISHED, 4)
    assert warehouse("select list(outcome order by run_id) from ops.runs") == [
        (["published", "failed", "published"],)
    ]


def test_scores_that_changed_by_hand_are_published(home: Home) -> None:
    score_by_hand(home)
    done = update()
    assert (done.run.outcome, done.run.reason) == (runs.PUBLISHED, "models or scores are newer")
    assert published("select score from ml.scores") == [(1.0,)]


def test_a_model_whose_table_is_gone_is_told_and_holds_nothing_up(home: Home) -> None:
    train_on_a_table(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("drop table main.trial")
    receipt(home, "b9", "card1", 99.0)
    done = update()
    assert (done.run.outcome, done.success) == (runs.PUBLISHED, False)
    assert [(row["task"], row["error"]) for row in done.as_json()["scored"]] == [
        ("trial", "there is no table main.trial in this warehouse")
    ]
    told = "shop.transactions; trial was not scored: there is no table main.trial in this warehouse"
    assert warehouse("select reason from ops.runs order by run_id desc limit 1") == [(told,)]
    assert published("select count(*) from ml.scores where task = 'trial'") == [(80,)]
    assert len(events()) == 4
    with duckdb.connect(str(home.warehouse)) as connection:
        promotion.retire(connection, "trial")
    done = update()
    assert (done.run.outcome, done.success, done.scored) == (runs.PUBLISHED, True, [])
    assert published("select count(*) from ml.scores") == [(0,)]


def test_a_training_that_breaks_in_whatever_way_holds_nothing_up(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaking(*_: Any, **__: Any) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data")

    monkeypatch.setattr(kinds, "train", breaking)
    receipt(home, "b9", "card1", 99.0)
    done = update(train="always")
    assert (done.run.outcome, len(events())) == (runs.PUBLISHED, 4)
    reasons = [row["reason"] for row in done.run.retraining]
    assert reasons
    assert all("OutOfMemoryException: Out of Memory" in reason for reason in reasons), reasons
    assert "breaking" in caplog.text, "where it broke is in the log"
    monkeypatch.undo()


def test_what_a_build_by_hand_did_with_other_settings_is_undone(home: Home) -> None:
    before = published("select max(as_of) from marts.user_features")
    receipt(home, "b9", "card1", 99.0, day="2017-06-02")
    home.extra["PROFILECTL_AS_OF"] = "2017-06-20"
    home.build()
    home.extra["PROFILECTL_AS_OF"] = "2017-06-30"
    home.land("crm/customers/d.csv", f"{CUSTOMERS}\nc2,card2,bob@example.org,Bob,Ray,2017-05-01\n")
    done = update()
    assert (done.run.outcome, done.run.reason) == ("published", "a build by hand came after the last update")
    assert published("select distinct as_of from marts.user_features") == before
    home.dbt("test", "--select", "dim_users")
    assert update().run.outcome == runs.NOTHING_NEW, "tests write nothing"


def test_a_history_that_could_not_be_written_is_written_by_the_next_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_by_hand(home)
    failure = NodeFailure("history_scores", "model", "IO Error: No space left on device")
    with monkeypatch.context() as patched:
        patched.setattr(loop, "run_dbt", lambda *_: DbtOutcome(0, 0, [failure], 0.0))
        done = update()
    assert (done.run.outcome, done.success) == (runs.FAILED, False)
    assert done.run.reason == f"dbt: {failure}"
    assert done.run.version == publishing.current(Paths.from_environment())
    assert update().run.outcome == runs.PUBLISHED


def test_a_folder_of_models_of_another_name_is_another_project(tmp_path: Path) -> None:
    (tmp_path / "models" / "marts").mkdir(parents=True)
    (tmp_path / "models" / "marts" / "a.sql").write_text("select 1")
    (tmp_path / "profiles.yml").write_text("")
    project = DbtProject(tmp_path, tmp_path)
    before = news.fingerprint(project)
    (tmp_path / "models" / "marts").rename(tmp_path / "models" / "martz")
    assert news.fingerprint(project) != before


def test_a_table_that_does_not_say_what_changed_is_scored_when_it_is_another(home: Home) -> None:
    train_on_a_table(home)
    assert (update().run.outcome, update().run.outcome) == (runs.PUBLISHED, runs.NOTHING_NEW)
    receipt(home, "b9", "card1", 99.0)
    scored = "select max(scored_at) from ml.scores"
    before = warehouse(scored)
    done = update()
    assert (done.run.outcome, done.scored, warehouse(scored)) == (runs.PUBLISHED, [], before)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("update main.trial set x = 6 where id = 0")
    done = update()
    assert (done.run.outcome, [(row["task"], row["users"]) for row in done.scored]) == (
        runs.PUBLISHED,
        [("trial", 80)],
    )
    assert published("select score > 10 from ml.scores where user_id = '0'") == [(True,)]
    assert update().run.outcome == runs.NOTHING_NEW


@pytest.mark.parametrize(
    "moment",
    ["building 30/", "publishing marts.dim_users", "publishing switched"],
)
def test_after_a_kill_at_any_moment_the_next_run_goes_on(home: Home, moment: str) -> None:
    before = events()
    receipt(home, "b9", "card1", 99.0)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, moment, str(ROOT)],
        check=False,
        capture_output=True,
        env={**os.environ, "PROFILECTL_DUCKDB_THREADS": "1"},
    )
    assert killed.returncode == -9, killed.stderr.decode()
    assert len(events()) == (4 if moment.endswith("switched") else len(before))
    done = update()
    assert (done.run.outcome, done.run.reason) == (runs.PUBLISHED, "what is built already is not known")
    assert [event for event, _ in events()] == [f"shop.transactions:b{n}:1" for n in (0, 1, 2, 9)]
    assert published("select sum(amount) from marts.fct_events") == [(132.0,)]
    assert warehouse("select list(outcome order by run_id) from ops.runs") == [
        (["published", "killed", "published"],)
    ]
    assert not list((home.folder / "published").rglob(".publishing-*"))


def test_watching_publishes_what_arrives_and_says_how_long_it_took(home: Home) -> None:
    seen: list[watching.Watched] = []
    told: list[str] = []
    paths = Paths.from_environment()

    def stop() -> bool:
        if len(seen) in (1, 2) and not (home.landing / f"shop/transactions/w{len(seen)}.csv").exists():
            receipt(home, f"w{len(seen)}", "card1", 99.0)
        return len(seen) == 3

    for one in watching.watch(DBT, paths, every=0.05, train="never", tell=told.append, stop=stop):
        seen.append(one)
    outcomes = [(one.updated.run.outcome if one.updated else one.error, one.latency["files"]) for one in seen]
    assert outcomes == [(runs.NOTHING_NEW, 0), (runs.PUBLISHED, 1), (runs.PUBLISHED, 2)]
    assert 0 < seen[1].latency["p50"] == seen[1].latency["p95"] < 600
    assert len(events()) == 5
    assert not [what for what in told if what.startswith("publishing copying")], "copied while it waited"
    assert not list(paths.versions.glob(".publishing-*"))


def test_a_watch_that_is_terminated_says_so_and_leaves_nothing_behind(home: Home) -> None:
    paths = Paths.from_environment()
    command = [str(Path(sys.executable).with_name("profilectl")), "watch", "--train", "never", "--json"]
    with subprocess.Popen(
        [*command, "--project-dir", str(PROJECT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        last, told = process.communicate(timeout=60)
    assert (first["outcome"], process.returncode) == (runs.NOTHING_NEW, EXIT_INTERRUPTED)
    assert json.loads(last) == {"success": False, "error": "interrupted", "hint": None}
    assert "interrupted" in told
    assert "Traceback" not in told
    assert not list(paths.versions.glob(".publishing-*"))
    with only_writer(paths, "a test"):  # nobody holds the home any more
        assert len(events()) == 3


def test_as_json_a_run_is_one_line_however_it_ends(
    home: Home, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("update", "--train", "never", "--json", "--project-dir", str(PROJECT))
    done = call(*command)
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == [runs.NOTHING_NEW]

    def failing(*arguments: Any, **options: Any) -> loop.Updated:
        raise ProfilectlError("disk full")

    monkeypatch.setattr(loop, "update", failing)
    done = call(*command)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"success": False, "error": "disk full", "hint": None}
    ]
    assert (done.exit_code, done.stderr) == (1, "error: disk full\n")
    monkeypatch.setenv("PROFILECTL_KEEP_VERSIONS", "none")
    [line] = call(*command).stdout.splitlines()
    assert "PROFILECTL_KEEP_VERSIONS must be" in json.loads(line)["error"]


def test_a_demo_too_small_for_a_model_says_so_and_goes_on(home: Home, call: Any) -> None:
    few = ("--months", "1", "--households", "5", "--json")
    done = call("demo", *few, "--project-dir", str(PROJECT))
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    reasons = {one["task"]: one["reason"] for one in said["untrained"]}
    assert "users with a label, at least 50 are needed" in reasons["churn_next_28d"]
    assert not reasons.keys() & {one["task"] for one in said["models"]}
    assert Path(said["report"]).is_file()
    assert len(events()) > 100


def test_an_update_that_could_not_be_done_is_tried_again_without_another_file(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads the warehouse when a file arrives, and then closes it; or the disk is full a while."""
    full = OSError(errno.ENOSPC, "No space left on device", "profiles.duckdb")
    real, told = loop.update, iter([ProfilectlError("in use"), full])

    def failing(*arguments: Any, **options: Any) -> loop.Updated:
        for error in told:
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(loop, "update", failing)
    receipt(home, "b9", "card1", 99.0)
    seen: list[watching.Watched] = []
    watched = watching.watch(
        DBT, Paths.from_environment(), every=0.05, train="never", stop=lambda: len(seen) == 3
    )
    for one in watched:
        seen.append(one)
    full_disk = "profiles.duckdb: No space left on device"
    assert [one.error and one.error.message for one in seen] == ["in use", full_disk, None]
    assert len(events()) == 4


def test_a_model_that_could_not_be_built_is_tried_again_without_another_file(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, full = loop.run_dbt, NodeFailure("user_features", "model", "IO Error: No space left on device")
    told = iter([DbtOutcome(0, 0, [full], 0.0)])
    monkeypatch.setattr(loop, "run_dbt", lambda *rest: next(told, None) or real(*rest))
    receipt(home, "b9", "card1", 99.0)
    os.utime(home.landing / "shop/transactions/b9.csv", (0, 0))  # at the first look it has come to rest
    seen: list[watching.Watched] = []
    until = time.monotonic() + 60

    def stop() -> bool:
        return len(seen) == 2 or time.monotonic() > until

    for one in watching.watch(DBT, Paths.from_environment(), every=0.05, train="never", stop=stop):
        seen.append(one)
    assert [one.updated and one.updated.run.outcome for one in seen] == [runs.FAILED, runs.PUBLISHED]
    assert len(events()) == 4


def test_a_file_is_not_kept_waiting_by_others_that_are_still_written(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = home.landing / "shop/transactions/slow.csv"
    seen: list[watching.Watched] = []
    sizes = iter(range(1, 100))

    def stop() -> bool:
        slow.write_text("\n" * next(sizes))  # it grows between any two looks
        if len(seen) == 1 and not (home.landing / "shop/transactions/b9.csv").exists():
            receipt(home, "b9", "card1", 99.0)
        return len(seen) == 2

    monkeypatch.setattr(loop, "update", lambda *_, **__: loop.Updated(runs.Run(1, utc_now())))
    for one in watching.watch(DBT, Paths.from_environment(), every=0.01, train="never", stop=stop):
        seen.append(one)
    assert [one.error for one in seen] == [None, None]


def test_a_file_that_is_still_written_is_not_taken_with_the_others(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt(home, "b9", "card1", 99.0)
    receipt(home, "b10", "card1", 1.0)
    earlier = time.time() - 3600
    os.utime(home.landing / "shop/transactions/b9.csv", (earlier, earlier))
    monkeypatch.setenv("PROFILECTL_SETTLE_SECONDS", "1800")
    assert update().run.files == 1
    assert update().run.outcome == runs.NOTHING_NEW
    monkeypatch.setenv("PROFILECTL_SETTLE_SECONDS", "0")
    assert update().run.files == 1
    assert len(events()) == 5


def test_what_models_give_users_after_the_build_is_in_the_history_of_that_day(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give(connection: duckdb.DuckDBPyConnection, *_: Any) -> list[refreshing.Refreshed]:
        connection.execute(
            "insert into ml.segments by name select user_id, 'audience_segments' as task, 'all' as segment,"
            " 's' as model_id, timezone('UTC', now()) as assigned_at, as_of from marts.user_features"
        )
        return [refreshing.Refreshed("audience_segments", "s", 3, "their features changed")]

    receipt(home, "b9", "card1", 99.0)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "_is_behind", lambda connection: True)
        patched.setattr(refreshing, "refresh", give)
        done = update()
    assert done.success
    assert [step for step, _ in done.run.steps] == ["build", "train", "score", "publish", "history"]
    told = "select user_id, segment from {} order by 1"
    now = warehouse(told.format("marts.user_segments"))
    assert len(now) > 1
    monkeypatch.setenv("PROFILECTL_AS_OF", "2017-07-01")  # the next day speaks for itself
    assert update().success
    assert published(told.format("marts.user_profile_history where valid_from = '2017-06-30'")) == now


def test_what_was_given_by_hand_is_in_the_history_of_the_day_that_readers_see_it_for(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "insert into ml.segments by name select user_id, 'audience_segments' as task, 'all' as segment,"
            " 's' as model_id, timezone('UTC', now()) as assigned_at, as_of from marts.user_features"
        )
        connection.execute("create table if not exists ml.runs (created_at timestamp)")
        connection.execute("create table if not exists ml.promotions (promoted_at timestamp)")
    done = update()
    assert (done.success, done.run.reason) == (True, "models or scores are newer")
    told = "select user_id, segment from {} order by 1"
    now = published(told.format("marts.user_segments"))
    assert len(now) > 1
    monkeypatch.setenv("PROFILECTL_AS_OF", "2017-07-01")
    assert update().success
    assert published(told.format("marts.user_profile_history where valid_from = '2017-06-30'")) == now


def test_a_watch_wakes_up_for_a_link_that_cannot_be_opened(home: Home) -> None:
    seen: list[watching.Watched] = []
    link, until = home.landing / "shop/transactions/loop.csv", time.monotonic() + 60

    def stop() -> bool:
        if len(seen) == 1 and not link.is_symlink():
            link.symlink_to("loop.csv")
        return len(seen) == 2 or time.monotonic() > until

    for one in watching.watch(DBT, Paths.from_environment(), every=0.05, train="never", stop=stop):
        seen.append(one)
    assert [file["file"] for one in seen if one.updated for file in one.updated.refused] == [
        "shop/transactions/loop.csv"
    ]


def test_a_watch_asks_of_a_link_that_leaves_the_landing_folder_how_old_the_link_is(home: Home) -> None:
    """As the update does that the watch starts: what is too young for it must not count as looked at."""
    outside, link = home.folder / "outside.csv", home.landing / "shop/transactions/link.csv"
    outside.touch()
    os.utime(outside, (0, 0))
    link.symlink_to(outside)
    paths = replace(Paths.from_environment(), settle_seconds=60.0)
    settled, names = watching._look(paths, DBT)
    assert str(link) in names
    assert str(link) not in {name for name, _, _ in settled}


def test_what_cannot_be_looked_at_wakes_a_watch_and_does_not_end_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, root: Path) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(watching, "look_at", closed)
    settled, names = watching._look(Paths.from_environment(), DBT)
    assert {name for name, _, _ in settled} == names != set()


def test_a_changed_seed_is_seen_by_a_watch(home: Home) -> None:
    _, names = watching._look(Paths.from_environment(), DBT)
    assert str(PROJECT / "seeds" / "identity_overrides.csv") in names


def test_a_rollback_stays_until_something_is_new(home: Home) -> None:
    paths = Paths.from_environment()
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("insert into ml.promotions (promoted_at) values (timezone('UTC', now()))")
    receipt(home, "b9", "card1", 99.0)
    assert update().success
    older = publishing.rollback(paths)
    assert update().run.outcome == runs.NOTHING_NEW
    assert publishing.current(paths) == older
    receipt(home, "b10", "card1", 1.0)
    assert update().run.outcome == runs.PUBLISHED
    assert len(events()) == 5


def test_files_of_a_run_that_failed_are_as_fresh_as_the_version_that_first_held_them(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt(home, "b9", "card1", 99.0)
    failed = DbtOutcome(1, 0, [NodeFailure("a_test", "test", "it failed")], 1.0)
    real = loop.run_dbt

    def failing(*arguments: Any, **options: Any) -> DbtOutcome:
        real(*arguments, **options)
        return failed

    with monkeypatch.context() as patched:
        patched.setattr(loop, "run_dbt", failing)
        assert update().run.outcome == runs.FAILED
    receipt(home, "b10", "card1", 1.0)
    assert update().run.outcome == runs.PUBLISHED
    files = warehouse("select file from ops.freshness where run_id = (select max(run_id) from ops.runs)")
    assert sorted(files) == [("shop/transactions/b10.csv",), ("shop/transactions/b9.csv",)]


def _results(home: Home) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _run_results()["results"]
    return found


def _run_results() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Paths.from_environment().dbt_target / "run_results.json").read_text())
    return found


def test_a_damaged_version_is_replaced_although_nothing_is_new(home: Home) -> None:
    measured = warehouse("select count(*) from ops.freshness")
    damaged = Paths.from_environment().published.resolve()
    damaged.write_bytes(b"\0" * 8192)
    done = update()
    assert (done.run.outcome, done.run.reason) == ("published", "the newest version is damaged")
    assert len(events()) == 3
    # its files were with readers before
    assert warehouse("select count(*) from ops.freshness") == measured
    assert update().run.outcome == runs.NOTHING_NEW


def test_a_version_that_was_never_switched_to_reaches_readers_with_the_next_update(home: Home) -> None:
    paths = Paths.from_environment()
    killed = [sys.executable, "-c", KILLED_PUBLISH]
    assert subprocess.run(killed, check=False).returncode == -signal.SIGKILL
    older = publishing.current(paths)
    assert publishing.versions(paths)[-1] != older
    done = update()
    assert done.run.reason == "the newest version never reached its readers"
    assert publishing.current(paths) == publishing.versions(paths)[-1] != older
    assert update().run.outcome == runs.NOTHING_NEW


def test_readers_whose_version_was_taken_away_get_another_one(home: Home) -> None:
    paths = Paths.from_environment()
    assert publishing.publish(paths).version != publishing.rollback(paths)
    shutil.rmtree(paths.published.resolve().parent)
    assert not paths.published.exists()
    assert update().run.outcome == runs.PUBLISHED
    assert len(events()) == 3

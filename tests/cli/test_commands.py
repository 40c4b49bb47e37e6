"""Every command, run as a user runs it."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from profilectl import facts
from profilectl.app import app
from profilectl.building import Built
from profilectl.commands.demo import summary
from profilectl.dbt_runner import DbtOutcome
from profilectl.demonstration import Demonstrated
from profilectl.project import DbtProject, Paths
from profilectl.publishing import publish
from profilectl.warehouse import connect
from profilectl_ml.errors import ProfilectlError

ROOT = Path(__file__).parents[2]
runner = CliRunner()


def call(*arguments: str) -> Any:
    return runner.invoke(app, list(arguments))


def commands() -> list[str]:
    """Every command and group, and the commands of groups with the group's name before theirs."""
    found = []
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found += [name, *(f"{name} {inner}" for inner in getattr(command, "commands", {}))]
    return found


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = call(*name.split(), "--help")
    assert shown.exit_code == 0
    assert f"Example: profilectl {name}" in re.sub(r"\s+", " ", shown.stdout)


@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_the_readme_table(name: str) -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("|")]
    assert any(re.search(rf"`(profilectl )?{name}\b", row) for row in rows), (
        f"{name} is not in README's table"
    )


def test_version_and_usage() -> None:
    assert call("--version").stdout.startswith("profilectl ")
    assert call("nonsense").exit_code == 2
    assert call("show").exit_code == 2
    assert call("demo", "--months", "13").exit_code == 2
    assert call("publish", "--rollback", "--full").exit_code == 2


@pytest.mark.parametrize("arguments", [("publish",), ("report",), ("show", "ann@example.org")])
def test_without_a_warehouse_one_line_and_a_hint(paths: Paths, arguments: tuple[str, ...]) -> None:
    failed = call(*arguments)
    assert failed.exit_code == 1
    assert failed.stderr.splitlines()[-2].startswith(f"error: there is no warehouse at {paths.warehouse}")
    assert failed.stderr.splitlines()[-1] == "hint: run: profilectl build"


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish",), ("show", "ann@example.org"), ("why", "K1"), ("score",), ("identity", "health"),
        ("models", "list"), ("train", "--table", "marts.people", "--id", "id", "--label", "spend"),
    ],
)  # fmt: skip
def test_as_json_a_command_that_fails_early_says_so_in_one_object(
    paths: Paths, arguments: tuple[str, ...]
) -> None:
    failed, without = call(*arguments, "--json"), call(*arguments)
    assert (failed.exit_code, failed.stdout.count("\n")) == (1, 1)
    told = json.loads(failed.stdout)
    assert (told["success"], told["hint"]) == (False, "run: profilectl build")
    assert told["error"].startswith(f"there is no warehouse at {paths.warehouse}")
    assert f"error: {told['error']}\nhint: {told['hint']}\n" in failed.stderr
    assert (without.exit_code, without.stdout) == (1, "")


@pytest.mark.parametrize("command", ["build", "doctor", "update", "watch", "demo"])
def test_as_json_a_wrong_setting_is_an_object_too(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("PROFILECTL_AS_OF", "yesterday")
    failed = call(command, "--json", "--project-dir", str(ROOT / "dbt_project"))
    error = "PROFILECTL_AS_OF must be a day such as 2024-05-31, not 'yesterday'"
    assert [json.loads(line) for line in failed.stdout.splitlines()] == [
        {"success": False, "error": error, "hint": None}
    ]
    assert (failed.exit_code, failed.stderr) == (1, f"error: {error}\n")


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        (KeyboardInterrupt(), "interrupted", 130),
        (OSError(errno.ENOSPC, "disk full", "a.duckdb"), "a.duckdb: disk full", 1),
        (ZeroDivisionError("a defect"), "a defect", 1),
    ],
)
def test_as_json_whatever_ends_a_command_is_an_object(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str, code: int
) -> None:
    def failing(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("profilectl.publishing.publish", failing)
    for options in ((), ("--debug",)):
        failed = call(*options, "publish", "--json")
        assert (failed.exit_code, json.loads(failed.stdout)["error"]) == (code, said), options


def test_what_a_value_must_be_is_said_without_words_of_the_library(paths: Paths) -> None:
    wrong = call("show", "ann@example.org", "--on", "yesterday")
    told = re.sub(r"[\s│]+", " ", wrong.stderr)
    assert wrong.exit_code == 2
    assert "Invalid value for '--on': 'yesterday' does not match" in told


def test_wrong_usage_and_help_are_text_alone(paths: Paths) -> None:
    wrong = call("publish", "--json", "--rollback", "--full")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "success" not in call("publish", "--json", "--help").stdout


def test_debug_shows_the_exception(paths: Paths) -> None:
    assert isinstance(call("--debug", "show", "ann").exception, ProfilectlError)


def test_a_home_that_cannot_be_made_is_one_line(
    project: DbtProject, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = paths.home.with_name("file")
    file.touch()
    monkeypatch.setenv("PROFILECTL_HOME", str(file / "home"))
    failed = call("build", "--project-dir", str(project.folder))
    assert failed.exit_code == 1
    assert failed.stderr.splitlines()[-2] == f"error: {file / 'home'}: Not a directory"
    assert failed.stderr.splitlines()[-1].startswith("hint: ")


@pytest.mark.parametrize("options", [(), ("--on", "2017-06-30")])
def test_an_argument_that_is_no_text_names_nobody(small_warehouse: Paths, options: tuple[str, ...]) -> None:
    failed = call("show", "\udcff\udcfe", *options)
    assert failed.exit_code == 1
    assert "error: no user or identifier" in failed.stderr


def test_show_takes_a_type_and_a_value_and_the_exact_value_first(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        for kind, value, number in (("cookie", "ABC", 1), ("cookie", "abc", 2), ("device", "email=abc", 3)):
            connection.execute(
                "insert into marts.identity_map by name select * replace (? as identifier_type, ? as"
                " identifier_value) from marts.identity_map where user_id = ? limit 1",
                [kind, value, f"u{number:016x}"],
            )
    for text, number in (
        ("ABC", 1),
        ("abc", 2),
        ("cookie=ABC", 1),
        ("device=email=abc", 3),
        ("email=abc", 3),
    ):
        assert json.loads(call("show", text, "--json").stdout)["user_id"] == f"u{number:016x}", text
    blocked = call("show", "email=test@test.com")
    assert "is blocked (sentinel)" in blocked.stderr


def test_show_all_has_the_noughts(small_warehouse: Paths) -> None:
    user = "u0000000000000001"
    found = json.loads(call("show", user, "--json").stdout)["features"]
    noughts = [name for name, value in found.items() if value == 0]
    assert noughts
    shown = call("show", user, "--all").stdout
    assert all(name in shown for name in noughts)
    assert not all(name in call("show", user).stdout for name in noughts)


def test_a_home_with_a_double_quote_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROFILECTL_HOME", str(tmp_path / 'a "b"'))
    failed = call("status")
    assert failed.exit_code == 1
    assert failed.stderr.startswith(f"error: PROFILECTL_HOME: {tmp_path}")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.ENOSPC, "No space left", "/from", None, "/to"), "/to: No space left"),
        (duckdb.IOException('IO Error: Could not write file "x"\nat'), 'IO Error: Could not write file "x"'),
        (duckdb.OutOfMemoryException("full"), "DuckDB needs more memory than it may use: full"),
        (OSError("no cause"), None),
        (duckdb.BinderException("no such column"), None),
        (KeyError("a defect"), None),
    ],
)
def test_trouble_of_the_machine_is_one_line_and_a_defect_keeps_its_trace(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch, raised: Exception, said: str | None
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr("profilectl.publishing.publish", fail)
    failed = call("publish")
    assert failed.exit_code == 1
    if said is None:
        assert failed.exception is raised
    else:
        assert f"error: {said}\nhint: " in failed.stderr
        assert call("--debug", "publish").exception is raised


def test_an_interrupt_ends_with_130(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("profilectl.status.status", interrupt)
    assert call("status").exit_code == 130


def test_status_as_json(small_warehouse: Paths) -> None:
    call("publish")
    state = json.loads(call("status", "--json").stdout)
    assert state["users"] == 200
    assert state["total"]["landed"] == sum(
        state["total"][kind] for kind in ("shaped", "quarantined", "duplicates")
    )
    assert state["identifiers"]["email"] == 200  # two more are blocked and nobody's
    assert state["models"][0]["metrics"]["rmse"] == {
        "value": 104.4,
        "low": 100.224,
        "high": 108.576,
        "baseline": 109.62,
    }
    assert state["published"]["version"].startswith("profiles-")


def test_status_as_text_and_before_any_build(small_warehouse: Paths) -> None:
    shown = call("status")
    assert shown.exit_code == 0, shown.output
    assert "shop.transactions" in shown.stdout
    assert "hist_gradient_boosting" in shown.stdout
    small_warehouse.warehouse.unlink()
    assert "none yet: profilectl build" in call("status").stdout


@pytest.mark.parametrize("name", ["u0000000000000005", "User5@Example.org ", "+1 555 000 0005", "c5-0"])
def test_show_finds_a_user_by_id_and_by_identifier(small_warehouse: Paths, name: str) -> None:
    found = json.loads(call("show", name, "--json").stdout)
    assert found["user_id"] == "u0000000000000005"
    assert found["scores"][0]["task"] == "spend_next_28d"
    assert len(found["latest_events"]) == 5
    assert found["attributes"]["last_name"] == "Last5"
    assert found["origins"]["last_name"] == {
        "source": "synthetic_social",
        "updated_at": "2017-02-03 00:00:00",
    }
    assert "last_name_source" not in found["attributes"]


def test_a_national_number_is_found_whatever_the_country_of_the_project(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute(
            "update marts.identity_map set identifier_value = '+492125550100'"
            " where user_id = 'u0000000000000005' and identifier_type = 'phone'"
        )
    national = ("212-555-0100", "(212) 555 0100", "0212 555 0100", "212 555 0100 ext. 9")
    for name in (*national, "+49 212 5550100", "0049 212 5550100", "+49 (0) 212 5550100"):
        assert json.loads(call("show", name, "--json").stdout)["user_id"] == "u0000000000000005"


def test_numbers_that_json_does_not_know_are_null(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("update marts.user_features set spend_28d = 'inf' where user_id like '%5'")
        connection.execute("update ml.metrics set value = 'nan'")
    for arguments in (("show", "u0000000000000005"), ("status",), ("models", "show", "spend_next_28d")):
        done = call(*arguments, "--json")
        assert done.exit_code == 0, done.output
        json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_show_as_text(small_warehouse: Paths) -> None:
    shown = call("show", "u0000000000000007")
    assert shown.exit_code == 0, shown.output
    assert "user7@example.org" in shown.stdout
    assert re.search(r"first_name +First7 +crm +2017-02-03 04:05:00", shown.stdout)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("test@test.com", "is blocked"),
        ("nobody@example.org", "no user or identifier"),
        ("u00000000000003E9", "was merged into u0000000000000001 on 2018-01-02"),
        ("gone", "the user gone was dissolved on 2018-01-03"),
    ],
)
def test_show_says_why_there_is_no_user(small_warehouse: Paths, name: str, said: str) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute(
            "insert into marts.identity_changes by name select 'gone' as user_id, 'dissolved' as event,"
            " 2000 as change_id, timestamp '2018-01-03' as changed_at"
        )
    failed = call("show", name)
    assert failed.exit_code == 1
    assert said in failed.stderr


def test_publish_as_json_and_rollback(small_warehouse: Paths) -> None:
    first = json.loads(call("publish", "--json").stdout)
    assert first["tables"]["ml.scores"] == 200
    assert call("publish").exit_code == 0
    assert json.loads(call("publish", "--rollback", "--json").stdout) == {"version": first["version"]}


def test_a_locked_warehouse_is_named(small_warehouse: Paths) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(small_warehouse.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        for name in ("publish", "status"):
            failed = call(name)
            assert failed.exit_code == 1
            assert f"is in use by process {holder.pid}" in failed.stderr
    finally:
        holder.communicate(b"\n")


def test_doctor_says_how_to_fix(paths: Paths) -> None:
    found = json.loads(call("doctor", "--json").stdout)
    states = {check["name"]: check["state"] for check in found["checks"]}
    assert states["warehouse"] == "warn"
    assert all(check["fix"] for check in found["checks"] if check["state"] != "ok")


def test_doctor_takes_no_folder_for_a_file(paths: Paths) -> None:
    (paths.landing / "shop" / "transactions" / "2024.csv").mkdir(parents=True)
    (paths.landing / "shop" / "transactions" / "a.csv").write_text("x")
    [found] = [c for c in json.loads(call("doctor", "--json").stdout)["checks"] if c["name"] == "landing"]
    assert (found["state"], found["found"].startswith("1 files of shop")) == ("ok", True)


def test_doctor_goes_on_where_it_may_not_read(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", "/home/landing")

    monkeypatch.setattr(facts, "refused", closed)
    done = call("doctor", "--json")
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert (done.exit_code, found["warehouse"]["state"], "disk" in found) == (1, "fail", True)
    assert found["warehouse"]["found"] == "cannot read /home/landing"


def test_a_day_that_is_none_is_told_as_a_setting(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("yesterday", "2017-02-30"):
        monkeypatch.setenv("PROFILECTL_AS_OF", wrong)
        failed = call("build", "--project-dir", str(ROOT / "dbt_project"))
        told = f"error: PROFILECTL_AS_OF must be a day such as 2024-05-31, not {wrong!r}\n"
        assert (failed.exit_code, failed.stderr) == (1, told)
    monkeypatch.setenv("PROFILECTL_AS_OF", "2017-12-31")
    assert call("status").exit_code == 0


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_a_number_of_threads_that_is_none_is_told_as_a_setting(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("PROFILECTL_THREADS", wrong)
    failed = call("update", "--project-dir", str(ROOT / "dbt_project"))
    told = f"error: PROFILECTL_THREADS must be a whole number from 1, not {wrong!r}\n"
    assert (failed.exit_code, failed.stderr) == (1, told)


def test_doctor_fails_on_what_must_be_fixed(small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILECTL_MEMORY_LIMIT", "plenty")
    failed = call("doctor")
    assert failed.exit_code == 1
    assert "PROFILECTL_MEMORY_LIMIT to a size" in failed.stdout
    small_warehouse.warehouse.write_bytes(b"not a database" * 1000)
    told = call("status")
    assert (told.exit_code, "cannot be opened" in told.stderr) == (1, True)


def test_init_makes_a_project_and_never_overwrites(paths: Paths, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    assert call("init", str(target)).exit_code == 0
    assert (target / "dbt_project" / "dbt_project.yml").is_file()
    assert (target / "profiles.yml").is_file()
    assert not list(target.rglob("target")) + list(target.rglob("*.duckdb"))
    again = call("init", str(target))
    assert again.exit_code == 1
    assert "not empty" in again.stderr
    assert call("init", str(target), "--force").exit_code == 0


def test_git_keeps_the_folder_of_generated_things_and_nothing_in_it(paths: Paths, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    call("init", str(target))
    (target / "var" / "people.csv").touch()
    for words in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", "-C", str(target), *words], check=True)
    kept = subprocess.run(["git", "-C", str(target), "ls-files", "var"], check=True, capture_output=True)
    assert kept.stdout == b"var/.gitkeep\n"


@pytest.mark.parametrize("named", ["neither", "HOME", "WAREHOUSE"])
def test_plain_dbt_opens_the_warehouse_of_the_commands_in_a_fresh_project(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    target, other = tmp_path / "mine", tmp_path / "other"
    call("init", str(target))
    other.mkdir()
    values = {"HOME": str(other), "WAREHOUSE": str(other / "own.duckdb")}
    settings = {f"PROFILECTL_{name}": value if name == named else "" for name, value in values.items()}
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "debug", "--connection", "--project-dir", "dbt_project"],
        cwd=target,
        env=os.environ | settings,
        check=True,
        capture_output=True,
    )
    monkeypatch.chdir(target)
    assert list(tmp_path.rglob("*.duckdb")) == [Paths.from_environment(settings).warehouse]


def test_a_published_file_is_read_where_the_warehouse_is_gone(small_warehouse: Paths) -> None:
    call("publish")
    small_warehouse.warehouse.unlink()
    made = call("report")
    assert made.exit_code == 0, made.output
    with duckdb.connect(str(small_warehouse.published.resolve()), read_only=True) as connection:
        assert connection.execute("select count(*) from meta.models").fetchone() == (1,)


def test_a_build_that_fails_in_part_says_what_failed(project: DbtProject, paths: Paths) -> None:
    failed = call("build", "--project-dir", str(project.folder))
    assert failed.exit_code == 1
    assert "error: test accepted_values_good_a__3: 2 rows failed" in failed.stderr
    assert "error: 2 failed, 1 skipped because of them, 1 done" in failed.stderr
    again = call("build", "--project-dir", str(project.folder), "--select", "good", "--json")
    summary_of_build = json.loads(again.stdout)
    assert summary_of_build["nodes"] == {"done": 1, "failed": 1, "skipped": 0}


def test_train_without_tasks_says_where_to_declare_one(project: DbtProject, small_warehouse: Paths) -> None:
    failed = call("train", "--project-dir", str(project.folder))
    assert failed.exit_code == 1
    assert "declares no tasks" in failed.stderr
    assert "ml_tasks.yml" in failed.stderr


def test_the_demo_ends_with_at_most_15_lines(small_warehouse: Paths) -> None:
    with connect(small_warehouse) as connection:
        sources, runs = facts.sources(connection), facts.models(connection)
    built = Built(DbtOutcome(1, 0, [], 1.0), "2017-12-31", 200, sources, 12, [])
    dirt = dict.fromkeys(("quarantined", "expected_quarantined", "duplicates", "expected_duplicates"), 1)
    known = {"precision": 0.99, "recall": 0.98, "f1": 0.985}
    untrained = [{"task": "churn_next_28d", "reason": "47 users with a label"}]
    published = publish(small_warehouse)
    lines = summary(Demonstrated(built, known, dirt, runs * 2, untrained, published, small_warehouse.report))
    assert len(lines) <= 15
    assert any("rmse" in line and "104.4 (baseline 109.6)" in line for line in lines)
    assert "not trained   churn_next_28d: 47 users with a label" in lines
    kept = [one | {"promoted": False, "serving": one["baseline"]} for one in runs]
    lines = summary(Demonstrated(built, known, dirt, kept, untrained, published, small_warehouse.report))
    told = f"{kept[0]['baseline']} serves, mae"
    assert any(told in line and f"rmse 109.6 ({kept[0]['chosen']} 104.4)" in line for line in lines)

"""The dbt runner on a project of four models, one of which fails."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from dbt.parser import manifest

from profilectl import building, dbt_runner
from profilectl.dbt_runner import last_run, load_manifest, one_line, run_dbt
from profilectl.project import DbtProject, Paths, locate_project
from profilectl.updating import loop, news, watching
from profilectl.warehouse import connect, held
from profilectl_ml.errors import ProfilectlError


def test_failures_are_one_line_each_and_the_rest_is_built(project: DbtProject, paths: Paths) -> None:
    told: list[tuple[int, int]] = []
    outcome = run_dbt(project, paths, ["build"], lambda done, total, node: told.append((done, total)))
    failed = {failure.kind: failure for failure in outcome.failures}
    assert failed["test"].rows == 2
    assert failed["test"].message == "2 rows failed"
    assert "no_such_column" in failed["model"].message
    assert "\n" not in failed["model"].message
    assert (outcome.done, outcome.skipped, outcome.success) == (1, 1, False)
    assert told[-1] == (4, 4)
    with connect(paths) as connection:  # dbt has let go of the file
        assert connection.execute("select count(*) from good").fetchone() == (2,)
    run = last_run(paths)
    assert run is not None
    assert not run["success"]


class Deaf:
    """A dbt that is interrupted while it reads files, takes that for one of its own errors and goes on."""

    def __init__(self, **_: object) -> None:
        self.result, self.success, self.exception = None, True, None

    def invoke(self, _: list[str]) -> Deaf:
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGINT)
        return self


@pytest.mark.parametrize("known", [{}, {"key": "tests"}], ids=["a run", "a parse before it"])
def test_an_interrupt_that_dbt_passes_over_still_ends_the_run(
    project: DbtProject, paths: Paths, monkeypatch: pytest.MonkeyPatch, known: dict[str, str]
) -> None:
    monkeypatch.setattr(dbt_runner, "_parsed", known)
    monkeypatch.setattr("dbt.cli.main.dbtRunner", Deaf)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_dbt(project, paths, ["build"])
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_before_the_first_node_builds_nothing(
    project: DbtProject, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reads(*arguments: object, **options: object) -> object:
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGINT)
        return real(*arguments, **options)

    real = manifest.ManifestLoader.load
    monkeypatch.setattr(manifest.ManifestLoader, "load", reads)
    with pytest.raises(KeyboardInterrupt):
        run_dbt(project, paths, ["build"])
    with duckdb.connect(str(paths.warehouse)) as connection:
        assert connection.execute("select count(*) from duckdb_tables()").fetchone() == (0,)


def test_an_interrupted_run_is_no_success(project: DbtProject, paths: Paths) -> None:
    def interrupt(done: int, total: int, node: str) -> None:
        if done == 1:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    with pytest.raises(KeyboardInterrupt):
        run_dbt(project, paths, ["build", "--select", "good"], interrupt)
    run = last_run(paths)
    assert run is not None
    assert (run["success"], run["interrupted"]) == (False, True)
    run_dbt(project, paths, ["seed"])
    after = last_run(paths)
    assert after is not None
    assert after["success"]


def test_a_selection_of_nothing_is_told(project: DbtProject, paths: Paths) -> None:
    with pytest.raises(ProfilectlError, match="nothing that --select 'nobody' selects"):
        building.build(project, paths, select="nobody")


def test_nothing_is_written_into_the_project(project: DbtProject, paths: Paths) -> None:
    before = sorted(project.folder.rglob("*"))
    manifest = load_manifest(project, paths)
    assert "model.tiny.good" in manifest["nodes"]
    assert sorted(project.folder.rglob("*")) == before
    stamp = (paths.dbt_target / "manifest.json").stat().st_mtime_ns
    load_manifest(project, paths)
    assert (paths.dbt_target / "manifest.json").stat().st_mtime_ns == stamp


def test_a_project_that_does_not_parse_is_one_error(project: DbtProject, paths: Paths) -> None:
    (project.folder / "models" / "worse.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(ProfilectlError, match="nowhere"):
        run_dbt(project, paths, ["build"])


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("models/tasks.yml", "exposures: [", "tasks.yml"),
        ("models/worse.sql", "select * from {{ ref('blocked_file') }}", "'blocked_file'"),
    ],
)
def test_an_error_before_dbt_runs_says_what_is_wrong(
    project: DbtProject, paths: Paths, file: str, text: str, said: str
) -> None:
    (project.folder / file).write_text(text)
    with pytest.raises(ProfilectlError) as caught:
        run_dbt(project, paths, ["build"])
    assert caught.value.message.startswith("dbt could not start: ")
    assert said in caught.value.message


def test_a_warehouse_that_another_process_holds_is_in_use(project: DbtProject, paths: Paths) -> None:
    paths.home.mkdir(parents=True)
    holds = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(paths.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ProfilectlError, match="in use by another process"):
            run_dbt(project, paths, ["build"])
        holder.communicate()


def test_a_profile_that_opens_the_warehouse_otherwise_is_told_where_settings_go(
    project: DbtProject, paths: Paths
) -> None:
    with held(paths):
        assert run_dbt(project, paths, ["run", "--select", "good"]).success
        file = project.profiles / "profiles.yml"
        file.write_text(
            file.read_text().replace("type: duckdb", "type: duckdb\n      config_options: {threads: 1}")
        )
        with pytest.raises(ProfilectlError, match="other options") as caught:
            run_dbt(project, paths, ["run", "--select", "good"])
    assert "settings" in str(caught.value.hint)


def test_errors_lose_their_frame() -> None:
    assert one_line("Database Error in model x (models/x.sql)\n  Binder Error: no column\n  LINE 1") == (
        "Binder Error: no column"
    )
    trace = 'Python model failed:\n  Traceback (most recent call last):\n    File "x.py", line 1\n  '
    assert one_line(f"Runtime Error in model y (models/y.py)\n  {trace}OSError: disk is full\n") == (
        "OSError: disk is full"
    )


def test_a_folder_without_a_project_is_named(paths: Paths, tmp_path: Path) -> None:
    with pytest.raises(ProfilectlError, match="not a dbt project"):
        locate_project(tmp_path)


def test_a_file_that_was_taken_away_or_is_an_older_one_is_no_part_of_the_manifest(
    project: DbtProject, paths: Paths
) -> None:
    models = project.folder / "models"
    assert "model.tiny.after_bad" in load_manifest(project, paths)["nodes"]
    (models / "after_bad.sql").unlink()
    assert "model.tiny.after_bad" not in load_manifest(project, paths)["nodes"]
    (models / "good.sql").write_text("select 7 as a")
    os.utime(models / "good.sql", (1e9, 1e9))  # as a backup that is put back
    assert load_manifest(project, paths)["nodes"]["model.tiny.good"]["raw_code"] == "select 7 as a"


def test_a_model_that_changes_while_watching_is_built_as_it_is_now(
    project: DbtProject, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, parsed_as = [], []

    def update(*_: object, parsed: str = "", **__: object) -> None:
        run_dbt(project, paths, ["run", "--select", "good"])
        with connect(paths) as connection:
            built.append(connection.execute("select list(a order by a) from good").fetchall())
        parsed_as.append(parsed == news.fingerprint(project))
        raise ProfilectlError("enough for a test")

    monkeypatch.setattr(dbt_runner, "_parsed", {})
    monkeypatch.setattr(loop, "update", update)
    for _ in watching.watch(project, paths, every=0.01, train="never", stop=lambda: len(built) == 2):
        (project.folder / "models" / "good.sql").write_text("select 7 as a")
    assert (built, parsed_as) == ([[([1, 2],)], [([7],)]], [True, True])

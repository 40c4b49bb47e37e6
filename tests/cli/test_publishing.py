from __future__ import annotations

import stat
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from profilectl import publishing
from profilectl.project import Paths
from profilectl.publication import snapshot
from profilectl.publication.views import View
from profilectl.warehouse import open_file
from profilectl_ml.errors import ProfilectlError

KILLED_PUBLISH = """
import os, signal, sys
from profilectl.project import Paths
from profilectl.publishing import publish

def kill_at(step):
    if step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

publish(Paths.from_environment(), kill_at)
"""

# No file may grow beyond so many bytes: the nearest to a full disk that a test can have.
LIMITED_PUBLISH = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from profilectl.app import app

app(["publish", *sys.argv[2:]])
"""


def read(file: Path, sql: str = "select count(*) from marts.dim_users") -> int:
    with duckdb.connect(str(file.resolve()), read_only=True) as connection:
        row = connection.execute(sql).fetchone()
        assert row is not None
        return int(row[0])


def delete_users(paths: Paths) -> None:
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("delete from marts.dim_users where identifiers = 1")


def test_it_publishes_marts_and_scores_and_nothing_else(small_warehouse: Paths) -> None:
    done = publishing.publish(small_warehouse)
    with duckdb.connect(str(small_warehouse.published.resolve()), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name, table_type from information_schema.tables"
        ).fetchall()
    names = {name for name, _ in tables}
    assert {"marts.user_profile", "ml.scores", "ml.metrics", "meta.publication"} <= names
    assert not {name for name in names if name.startswith(("raw.", "intermediate."))} | names & {"ml.models"}
    assert done.tables["marts.user_features"] == 200
    assert read(small_warehouse.published, "select count(*) from marts.user_profile") == 200
    assert read(small_warehouse.published, "select count(*) from marts.user_attribute_evidence") == 200
    assert read(small_warehouse.published, "select users from meta.publication") == 200


def test_it_is_private(small_warehouse: Paths) -> None:
    done = publishing.publish(small_warehouse)
    assert stat.S_IMODE(done.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(small_warehouse.versions.stat().st_mode) == 0o700


def test_an_old_reader_keeps_its_version_and_a_new_one_sees_the_new(small_warehouse: Paths) -> None:
    publishing.publish(small_warehouse)
    with duckdb.connect(str(small_warehouse.published.resolve()), read_only=True) as old:
        delete_users(small_warehouse)
        publishing.publish(small_warehouse)
        assert old.execute("select count(*) from marts.dim_users").fetchone() == (200,)
        assert read(small_warehouse.published) == 166


def test_a_reader_survives_the_pruning_of_its_version(small_warehouse: Paths) -> None:
    first = publishing.publish(small_warehouse)
    with duckdb.connect(str(first.file), read_only=True) as old:
        for _ in range(small_warehouse.keep_versions + 1):
            publishing.publish(small_warehouse)
        assert not first.file.exists()
        assert old.execute("select count(*) from marts.user_features").fetchone() == (200,)


def test_the_last_three_are_kept_in_order(small_warehouse: Paths) -> None:
    made = [publishing.publish(small_warehouse).version for _ in range(5)]
    assert publishing.versions(small_warehouse) == made[-3:]
    assert publishing.current(small_warehouse) == made[-1]


@pytest.mark.parametrize("step", ["copied", "tested", "placed", "switched"])
def test_a_kill_at_any_step_leaves_a_whole_version(small_warehouse: Paths, step: str) -> None:
    publishing.publish(small_warehouse)
    delete_users(small_warehouse)
    killed = subprocess.run([sys.executable, "-c", KILLED_PUBLISH, step], check=False)
    assert killed.returncode == -9
    assert read(small_warehouse.published) == (166 if step == "switched" else 200)
    publishing.publish(small_warehouse)
    assert read(small_warehouse.published) == 166
    leftovers = [
        *small_warehouse.versions.glob(".publishing-*"),
        *small_warehouse.home.glob("published/.pub*"),
    ]
    assert not leftovers


@pytest.mark.parametrize(
    ("bytes_left", "options"), [("1000000", []), ("0", ["--full"]), ("1000000", ["--full"])]
)
def test_a_file_that_cannot_be_written_is_said_and_readers_keep_theirs(
    small_warehouse: Paths, bytes_left: str, options: list[str]
) -> None:
    publishing.publish(small_warehouse)
    delete_users(small_warehouse)
    failed = subprocess.run(
        [sys.executable, "-c", LIMITED_PUBLISH, bytes_left, *options], capture_output=True, text=True
    )
    assert failed.returncode == 1
    *_, error, hint = failed.stderr.splitlines()
    assert error.startswith(f"error: {small_warehouse.published.parent} cannot be written: ")
    assert "File too large" in error
    assert hint == "hint: check that the folder is yours and the disk has room"
    assert read(small_warehouse.published) == 200
    publishing.publish(small_warehouse)
    assert read(small_warehouse.published) == 166


def test_rollback_goes_back_one_version(small_warehouse: Paths) -> None:
    first = publishing.publish(small_warehouse)
    delete_users(small_warehouse)
    publishing.publish(small_warehouse)
    assert publishing.rollback(small_warehouse) == first.version
    assert read(small_warehouse.published) == 200
    with pytest.raises(ProfilectlError, match="no older"):
        publishing.rollback(small_warehouse)


def test_a_failed_publish_leaves_no_trace(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("create table marts.gone(a integer)")
        connection.execute("create view marts.broken as select a from warehouse.marts.gone")
        connection.execute("drop table marts.gone")
    with pytest.raises(ProfilectlError, match=r"marts\.broken cannot be read"):
        publishing.publish(small_warehouse)
    assert not small_warehouse.published.exists()
    assert not list(small_warehouse.versions.glob("*profiles*"))


def test_without_a_warehouse_it_says_what_to_run(paths: Paths) -> None:
    with pytest.raises(ProfilectlError) as error:
        publishing.publish(paths)
    assert error.value.hint == "run: profilectl build"


def test_without_marts_it_says_what_to_run(paths: Paths) -> None:
    paths.home.mkdir()
    duckdb.connect(str(paths.warehouse)).close()
    with pytest.raises(ProfilectlError, match="no marts"):
        publishing.publish(paths)


def test_two_publishes_do_not_run_at_once(small_warehouse: Paths) -> None:
    def again(step: str) -> None:
        if step == "copied":
            publishing.publish(small_warehouse)

    with pytest.raises(ProfilectlError, match="another publish"):
        publishing.publish(small_warehouse, again)


def test_a_copy_that_was_begun_before_is_started_from(small_warehouse: Paths) -> None:
    assert publishing.prepare(small_warehouse) is None, "nothing is published yet"
    first, steps = publishing.publish(small_warehouse), list[str]()
    draft = publishing.prepare(small_warehouse)
    assert draft is not None
    delete_users(small_warehouse)
    done = publishing.publish(small_warehouse, steps.append, draft=draft)
    draft.discard()
    assert not done.is_whole
    assert not [step for step in steps if step.startswith("copying")]
    assert read(small_warehouse.published) < read(first.file) == 200
    assert [one.name for one in small_warehouse.versions.glob(".publishing-*")] == []


def test_one_process_begins_a_copy_for_each_publish(small_warehouse: Paths) -> None:
    publishing.publish(small_warehouse)
    steps: list[str] = []
    for _ in range(3):
        draft = publishing.prepare(small_warehouse)
        assert draft is not None
        assert draft.is_open
        publishing.publish(small_warehouse, steps.append, draft=draft)
        assert not draft.is_open
        assert [one.name for one in small_warehouse.versions.glob(".publishing-*")] == []
    assert not [step for step in steps if step.startswith("copying")]


def test_a_view_stays_until_it_says_something_else_or_reads_another_type(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute(
            "create view marts.same as select user_id from warehouse.marts.dim_users;"
            "create view marts.text as select 1 as one;"
            "create view marts.kind as select * from warehouse.marts.data_quality;"
            "create view marts.gone as select 1 as one"
        )
    publishing.publish(small_warehouse)
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute(
            "create or replace view marts.text as select 'two' as two; drop view marts.gone;"
            "alter table marts.data_quality alter landed type double"
        )
    kept: dict[str, bool] = {}
    make = snapshot._make_view

    def noted(connection: duckdb.DuckDBPyConnection, view: View, is_there: bool) -> str:
        kept[view.name] = is_there
        return make(connection, view, is_there)

    monkeypatch.setattr(snapshot, "_make_view", noted)
    publishing.publish(small_warehouse)
    assert (kept["same"], kept["kind"], kept["text"]) == (True, True, False)
    columns = (
        "select table_name || '.' || column_name, data_type from information_schema.columns"
        " where table_name in ('same', 'text', 'kind', 'gone')"
    )
    with duckdb.connect(str(small_warehouse.published.resolve()), read_only=True) as connection:
        found = dict(connection.execute(columns).fetchall())
        assert connection.execute("select count(*) from marts.same").fetchall() == [(200,)]
    assert (found["text.two"], found["kind.landed"]) == ("VARCHAR", "DOUBLE")
    assert not found.keys() & {"text.one", "gone.one"}


@pytest.mark.parametrize("why", ["removed", "of an older version", "not whole"])
def test_a_copy_that_cannot_be_started_from_is_made_again(
    small_warehouse: Paths, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing.publish(small_warehouse)
    if why == "not whole":

        def full_disk(source: Path, target: Path) -> None:
            target.write_bytes(b"half")
            raise OSError("no space left on device")

        monkeypatch.setattr("profilectl.publication.drafting.shutil.copyfile", full_disk)
    draft, steps = publishing.prepare(small_warehouse), list[str]()
    assert draft is not None
    draft._thread.join()
    monkeypatch.undo()
    if why == "removed":  # as another publish does with what it takes for left behind
        publishing.remove_leftovers(small_warehouse)
    if why == "of an older version":
        publishing.publish(small_warehouse, full=True, draft=draft)
    done = publishing.publish(small_warehouse, steps.append, draft=draft)
    draft.discard()
    assert [step for step in steps if step.startswith("copying")]
    assert read(done.file) == 200
    assert [one.name for one in small_warehouse.versions.glob(".publishing-*")] == []


def test_what_older_engines_cannot_open_is_not_written(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_while_writing("experimental_metadata_reuse", small_warehouse, monkeypatch) == [
        False,
        False,
    ]


def test_what_few_rows_gain_nothing_by_is_tried_where_everything_is_written(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_while_writing("disabled_compression_methods", small_warehouse, monkeypatch) == [
        "",
        "FSST",
    ]


def settings_while_writing(name: str, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the setting in a publish of everything, and in one that starts from that version."""
    describe, seen = snapshot.describing.describe, []

    def watched(connection: duckdb.DuckDBPyConnection, *rest: Any) -> None:
        seen.extend(connection.execute("select current_setting(?)", [name]).fetchall())
        describe(connection, *rest)

    monkeypatch.setattr(snapshot.describing, "describe", watched)
    for _ in range(2):
        publishing.publish(paths)
    return [value for (value,) in seen]


def test_versions_have_an_order_though_the_clock_is_set_back(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(days=1)

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "datetime", Ahead)
        made = [publishing.publish(small_warehouse).version for _ in range(3)]
    made += [publishing.publish(small_warehouse).version for _ in range(2)]
    assert publishing.versions(small_warehouse) == made[-3:]
    assert publishing.current(small_warehouse) == made[-1]
    assert publishing.rollback(small_warehouse) == made[-2]


@pytest.mark.parametrize("readable", [0, 100_000])
def test_a_damaged_version_is_not_started_from(small_warehouse: Paths, readable: int) -> None:
    damaged = publishing.publish(small_warehouse).file
    with damaged.open("r+b") as file:
        file.truncate(readable)
    done = publishing.publish(small_warehouse)
    assert done.is_whole
    assert read(small_warehouse.published) == 200


@pytest.mark.parametrize("where", ["write", "describing.describe"])
def test_damage_that_shows_while_a_version_is_written_is_written_over(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    publishing.publish(small_warehouse)
    delete_users(small_warehouse)
    module, name = (snapshot.describing, "describe") if "." in where else (snapshot, where)
    real, calls = getattr(module, name), []

    def damaged(*arguments: Any) -> Any:
        calls.append(name)
        if len(calls) == 1:
            raise duckdb.IOException("Corrupt database file: computed checksum 1 does not match 2 in block 7")
        return real(*arguments)

    monkeypatch.setattr(module, name, damaged)
    done = publishing.publish(small_warehouse)
    assert done.is_whole
    assert read(small_warehouse.published) == 166


def test_a_warehouse_that_is_damaged_itself_is_no_new_version(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publishing.publish(small_warehouse)

    def damaged(*_: Any) -> Any:
        raise duckdb.IOException("Corrupt database file: computed checksum 1 does not match 2 in block 7")

    monkeypatch.setattr(snapshot, "write", damaged)
    with pytest.raises(ProfilectlError, match="Corrupt"):
        publishing.publish(small_warehouse)
    assert publishing.versions(small_warehouse) == [first.version]


def test_what_a_killed_update_had_begun_to_copy_goes_with_the_next_publish(small_warehouse: Paths) -> None:
    publishing.publish(small_warehouse)
    draft = publishing.prepare(small_warehouse)
    assert draft is not None
    draft._thread.join()
    assert draft.folder.exists()
    publishing.publish(small_warehouse)
    assert not draft.folder.exists()


def test_who_opens_a_damaged_version_is_told_what_mends_it(small_warehouse: Paths) -> None:
    file = publishing.publish(small_warehouse).file
    file.write_bytes(file.read_bytes()[:5000])
    with (
        pytest.raises(ProfilectlError, match="cannot be opened") as caught,
        open_file(small_warehouse, small_warehouse.published.resolve(), read_only=True),
    ):
        pass
    assert str(caught.value.hint).endswith("if it is damaged, run: profilectl publish --full")
    publishing.publish(small_warehouse, full=True)
    assert read(small_warehouse.published) == 200


def test_a_mart_that_is_no_more_keeps_nothing_from_being_published(small_warehouse: Paths) -> None:
    """The log of changes tells who went; a project may leave it out."""
    publishing.publish(small_warehouse)
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        assert connection.execute("from marts.identity_changes").fetchall()
        connection.execute("drop table marts.identity_changes")
    assert "marts.identity_changes" not in publishing.publish(small_warehouse).tables

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from profilectl import publishing, warehouse
from profilectl.project import Paths
from profilectl.warehouse import attached, connect, connect_published, held, open_file
from profilectl_ml.errors import ProfilectlError

SMALL = Path(__file__).with_name("small_warehouse.sql")
OPENS = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('select 1')"


def opens_elsewhere(file: Path) -> bool:
    return subprocess.run([sys.executable, "-c", OPENS, str(file)], capture_output=True).returncode == 0


def setting(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    return str(connection.execute("select current_setting(?)", [name]).fetchall()[0][0])


def test_what_is_held_is_open_for_this_process_alone(small_warehouse: Paths) -> None:
    file = small_warehouse.warehouse
    with held(small_warehouse):
        with open_file(small_warehouse, file, read_only=False) as connection:
            connection.execute("create table marts.made as select 1 as one")
        with attached(small_warehouse) as (connection, name):
            assert connection.execute(f"select * from {name}.marts.made").fetchall() == [(1,)]
        # as dbt opens it
        with duckdb.connect(str(file)) as connection:
            assert connection.execute("select * from marts.made").fetchall() == [(1,)]
        assert not opens_elsewhere(file)
    assert opens_elsewhere(file)
    with connect(small_warehouse) as connection:
        assert connection.execute("select * from marts.made").fetchall() == [(1,)]


def test_what_is_held_writes_its_log_to_its_pages_when_it_is_let_go(small_warehouse: Paths) -> None:
    log = small_warehouse.warehouse.with_name(small_warehouse.warehouse.name + ".wal")
    with held(small_warehouse):
        with open_file(small_warehouse, small_warehouse.warehouse, read_only=False) as connection:
            connection.execute("create table marts.made as select random() as one from range(100_000)")
            for _ in range(30):
                connection.execute("update marts.made set one = random()")
        assert log.stat().st_size > 20_000_000, "DuckDB itself leaves no more than 16 MB in it"
    assert not log.exists()


@pytest.mark.parametrize("fails", [False, True])
def test_a_publish_leaves_the_settings_of_what_is_held(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("no")

    names = ("max_vacuum_tasks", "checkpoint_threshold", "disabled_compression_methods")
    with held(small_warehouse), open_file(small_warehouse, small_warehouse.warehouse, read_only=False) as own:
        own.execute("set max_vacuum_tasks = 7")
        before = [setting(own, name) for name in names]
        if fails:
            monkeypatch.setattr("profilectl.publication.snapshot.describing.describe", broken)
            with pytest.raises(RuntimeError, match="no"):
                publishing.publish(small_warehouse)
            monkeypatch.undo()
        publishing.publish(small_warehouse)
        assert [setting(own, name) for name in names] == before
        found = own.execute("select database_name from duckdb_databases() where not internal").fetchall()
    assert found == [("warehouse",)]


def test_limits_hold_however_it_is_opened(small_warehouse: Paths) -> None:
    with connect(small_warehouse) as own, attached(small_warehouse) as (other, _):
        for connection in (own, other):
            assert setting(connection, "threads") == str(small_warehouse.duckdb_threads)
            assert setting(connection, "temp_directory") == str(small_warehouse.temp)
            assert setting(connection, "TimeZone") == "UTC"


def test_a_damaged_file_is_not_taken_for_one_in_use(paths: Paths) -> None:
    file = paths.home / "blocks" / "warehouse.duckdb"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(ProfilectlError, match="cannot be opened"), open_file(paths, file, read_only=True):
        pass


@pytest.mark.parametrize("threads", ["0", "two"])
def test_a_number_of_threads_that_duckdb_refuses_is_told_as_a_setting(
    small_warehouse: Paths, threads: str
) -> None:
    wrong = replace(small_warehouse, duckdb_threads=threads)
    with pytest.raises(ProfilectlError, match="does not accept a setting") as caught, connect(wrong):
        pass
    assert "PROFILECTL_DUCKDB_THREADS" in str(caught.value.hint)


def test_a_version_that_is_switched_and_pruned_meanwhile_is_no_error(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = replace(small_warehouse, keep_versions=1)
    first = publishing.publish(paths)
    opened = []

    @contextmanager
    def after_a_publish(of: Paths, file: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        if not opened:
            opened.append(publishing.publish(paths).version)
        with open_file(of, file, read_only=read_only) as connection:
            yield connection

    monkeypatch.setattr(warehouse, "open_file", after_a_publish)
    with connect_published(paths) as connection:
        found = connection.execute("select version from meta.publication").fetchall()
    assert found == [(opened[0],)]
    assert not first.file.exists()


def test_a_warehouse_whose_name_has_more_dots_is_published(paths: Paths) -> None:
    dotted = replace(paths, warehouse=paths.warehouse.with_name("our.own.duckdb"))
    paths.home.mkdir()
    with duckdb.connect(str(dotted.warehouse)) as connection:
        ((name,),) = connection.execute("select current_database()").fetchall()
        # its views name the catalogue, as those that dbt writes do
        connection.execute(SMALL.read_text().replace(" warehouse.", f" {name}."))
    assert "marts.user_profile" in publishing.publish(dotted).views

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from published_files import published_with_odd_types
from typer.testing import CliRunner

from profilectl import dictionary
from profilectl.app import app
from profilectl.exporting import export
from profilectl.exporting.writers import ParquetWriter
from profilectl.project import Paths
from profilectl.publishing import publish
from profilectl_ml.errors import ProfilectlError

KILLED_EXPORT = """
import os, signal, sys
from pathlib import Path
from profilectl.exporting import export, placing
from profilectl.project import Paths

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "writing":
    export(Paths.from_environment(), "parquet", progress=lambda share, what: share > 0.5 and kill())
replace, placed = Path.replace, []
def kill_on_the_third(self, target):
    placed.append(target)
    kill() if len(placed) == 3 else replace(self, target)
Path.replace = kill_on_the_third
export(Paths.from_environment(), "parquet")
"""


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def rows(file: Path) -> int:
    found = duckdb.sql(f"select count(*) from read_parquet('{file}')").fetchone()
    assert found is not None
    return int(found[0])


def test_parquet_holds_what_the_version_holds(small_warehouse: Paths) -> None:
    published_with_odd_types(small_warehouse)
    done = export(small_warehouse, "parquet")
    assert done.output == small_warehouse.home / "exports" / "parquet"
    with duckdb.connect(str(small_warehouse.published.resolve()), read_only=True) as connection:
        for table in ("marts.user_profile", "marts.fct_events", "ml.scores", "meta.publication"):
            file = done.output / f"{table.replace('.', '/')}.parquet"
            different = connection.execute(
                f"select count(*) from ((from {table} except all from read_parquet($file)) "
                f"union all (from read_parquet($file) except all from {table}))",
                {"file": str(file)},
            ).fetchone()
            assert different == (0,), table


def test_what_only_views_read_is_exported_when_it_is_named(small_warehouse: Paths, tmp_path: Path) -> None:
    with duckdb.connect(str(publish(small_warehouse).file)) as connection:
        connection.execute("create schema parts; create table parts.int_users as select 1 as user_key")
    everything = export(small_warehouse, "parquet").output
    assert {folder.name for folder in everything.iterdir() if folder.is_dir()} == {"marts", "meta", "ml"}
    some = export(small_warehouse, "parquet", output=tmp_path / "parts", tables=["parts.*"]).output
    assert [folder.name for folder in some.iterdir() if folder.is_dir()] == ["parts"]


def test_odd_types_arrive_as_what_tools_can_read(small_warehouse: Paths) -> None:
    published_with_odd_types(small_warehouse)
    done = export(small_warehouse, "parquet", tables=["marts.odd", "marts.odder"])
    odd = duckdb.sql(f"from read_parquet('{done.output}/marts/odd.parquet') order by id")
    assert dict(zip(odd.columns, map(str, odd.types), strict=True)) == {
        "id": "INTEGER", "said": "VARCHAR", "several": "VARCHAR", "packed": "VARCHAR", "hash": "VARCHAR",
        "big": "DOUBLE", "money": "DECIMAL(18,2)", "wide": "DECIMAL(38,2)",
    }  # fmt: skip
    found = odd.fetchall()
    assert found[0][2:6] == ('["a","b"]', '{"k":1}', "9223372036854775808", 7.0)
    assert found[2][1:4] == (None, "[]", None)
    assert found[3][1:3] == ("", '["x,y",null]')
    odder = duckdb.sql(f"from read_parquet('{done.output}/marts/odder.parquet')")
    kinds = dict(zip(odder.columns, map(str, odder.types), strict=True))
    assert kinds["utiny"] == "INTEGER"
    assert kinds["single"] == "DOUBLE"
    assert {kinds[name] for name in ("span", "uid", "kind")} == {"VARCHAR"}


def test_files_are_private_and_the_manifest_says_what_they_are(small_warehouse: Paths) -> None:
    version = publish(small_warehouse).version
    said = json.loads(call("export", "--format", "parquet", "--tables", "marts.*,ml.scores", "--json").stdout)
    folder = Path(said["output"])
    manifest = json.loads((folder / "export.json").read_text())
    assert (manifest["version"], manifest["as_of"], manifest["format"]) == (version, "2017-12-31", "parquet")
    assert manifest["tables"] == said["tables"]
    assert all(table["table"].startswith("marts.") for table in manifest["tables"][:-1])
    assert manifest["tables"][-1]["columns"][2] == {"name": "score", "type": "DOUBLE"}
    assert {table["file"]: table["rows"] for table in manifest["tables"]} == {
        str(file.relative_to(folder)): rows(file) for file in folder.rglob("*.parquet")
    }
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_one_file_an_older_version_and_a_smaller_export(small_warehouse: Paths, tmp_path: Path) -> None:
    first = publish(small_warehouse)
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("delete from marts.dim_users where identifiers = 1")
    publish(small_warehouse)
    for version, users in (("current", 166), ("previous", 200), (first.version, 200)):
        file = tmp_path / f"{version}.parquet"
        export(small_warehouse, "parquet", output=file, tables=["marts.dim_users"], version=version)
        assert rows(file) == users
    assert sorted(path.name for path in tmp_path.glob("*")) == sorted(
        ["current.parquet", "previous.parquet", f"{first.version}.parquet", "home"]
    )
    done = export(small_warehouse, "parquet")
    assert (done.output / "ml" / "runs.parquet").exists()
    (done.output / "mine.txt").write_text("not the export's")
    export(small_warehouse, "parquet", tables=["marts.dim_items"])
    kept = {path.name for path in done.output.rglob("*") if path.is_file()}
    assert kept == {"dim_items.parquet", "export.json", "mine.txt"}


def test_a_manifest_cannot_name_files_outside_its_folder(small_warehouse: Paths, tmp_path: Path) -> None:
    publish(small_warehouse)
    outside = tmp_path / "precious.csv"
    outside.write_text("keep me")
    folder = tmp_path / "out"
    folder.mkdir()
    for named in ("../precious.csv", str(outside)):
        (folder / "export.json").write_text(json.dumps({"tables": [{"file": named}]}))
        export(small_warehouse, "csv", output=folder, tables=["ml.runs"])
        assert outside.exists()
    (folder / "export.json").write_text("{}")
    with pytest.raises(ProfilectlError, match="no manifest"):
        export(small_warehouse, "csv", output=folder, tables=["ml.runs"])


@pytest.mark.parametrize("moment", ["writing", "placing"])
def test_a_killed_export_leaves_only_whole_files(small_warehouse: Paths, moment: str) -> None:
    first = publish(small_warehouse).version
    folder = export(small_warehouse, "parquet").output
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("delete from marts.dim_users where identifiers = 1")
    second = publish(small_warehouse).version
    killed = subprocess.run([sys.executable, "-c", KILLED_EXPORT, moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    manifest = folder / "export.json"
    # Where the manifest is, every file is of the version it names.
    assert manifest.exists() == (moment == "writing")
    assert moment == "placing" or json.loads(manifest.read_text())["version"] == first
    for file in folder.glob("m*/*.parquet"):
        assert rows(file) >= 0
    export(small_warehouse, "parquet", tables=["marts.dim_users"])
    assert json.loads(manifest.read_text())["version"] == second
    assert [path.name for path in folder.rglob("*") if path.is_file() and path != manifest] == [
        "dim_users.parquet"
    ]


def test_a_killed_export_leaves_no_table_beside_a_smaller_one_of_another_version(
    small_warehouse: Paths,
) -> None:
    publish(small_warehouse)
    export(small_warehouse, "parquet", tables=["marts.dim_items"])
    killed = subprocess.run([sys.executable, "-c", KILLED_EXPORT, "placing"], check=False)
    assert killed.returncode == -signal.SIGKILL
    publish(small_warehouse)
    folder = export(small_warehouse, "parquet", tables=["marts.dim_items"]).output
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {"dim_items.parquet", "export.json"}


def test_a_file_that_lacks_rows_is_not_placed(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(small_warehouse)
    monkeypatch.setattr(ParquetWriter, "counts", lambda self, connection, tables, folder: [199] * len(tables))
    with pytest.raises(ProfilectlError, match=r"marts\.dim_users holds 199 rows, the version 200"):
        export(small_warehouse, "parquet", tables=["marts.dim_users"])
    assert not list((small_warehouse.home / "exports").rglob("*.parquet"))


def test_two_exports_to_one_place_do_not_run_at_once(small_warehouse: Paths, tmp_path: Path) -> None:
    publish(small_warehouse)
    staging = tmp_path / "out" / ".exporting"
    staging.mkdir(parents=True)
    handle = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ProfilectlError, match="another export"):
            export(small_warehouse, "csv", output=tmp_path / "out")
    finally:
        os.close(handle)
    assert staging.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tables", "marts.nothing"), "this version has no table marts.nothing"),
        (("--tables", "raw.*"), "this version has no table raw.*"),
        (("--version", "profiles-1"), "there is no published version profiles-1"),
        (("--version", "previous"), "there is no version before the current one"),
        (("--output", "all.parquet"), "all.parquet can hold one table, not"),
        (("--output", "/proc/nowhere"), "/proc/nowhere cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_said(
    small_warehouse: Paths, arguments: tuple[str, ...], said: str
) -> None:
    publish(small_warehouse)
    failed = call("export", "--format", "parquet", *arguments)
    assert failed.exit_code == 1, failed.output
    assert f"error: {said}" in failed.stderr
    assert "hint: " in failed.stderr


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (("csv", "--gzip"), "users.csv", "users.csv is not the name of a compressed file"),
        (("parquet",), "users.csv", "users.csv is not the name of a parquet file"),
        (("csv",), "users.PARQUET", "users.PARQUET is not the name of a csv file"),
        (("parquet",), "users.parquet.gz", "users.parquet.gz is not the name of a parquet file"),
        (("hyper",), "users.csv.gz", "users.csv.gz is not the name of a hyper file"),
    ],
)
def test_a_name_that_does_not_fit_the_format_is_said(
    small_warehouse: Paths, tmp_path: Path, kind: tuple[str, ...], name: str, said: str
) -> None:
    publish(small_warehouse)
    options = ("--tables", "marts.user_profile", "--output", str(tmp_path / name))
    failed = call("export", "--format", *kind, *options)
    assert failed.exit_code == 1, failed.output
    assert f"error: {said}" in failed.stderr
    assert "hint: " in failed.stderr
    assert not (tmp_path / name).exists()


def test_a_name_fits_in_capitals_and_a_folder_may_have_any(small_warehouse: Paths, tmp_path: Path) -> None:
    publish(small_warehouse)
    for name in ("USERS.CSV", "USERS.CSV.GZ"):
        export(small_warehouse, "csv", output=tmp_path / name, tables=["marts.dim_users"])
        assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".GZ")
    (tmp_path / "all.csv").mkdir()
    done = export(small_warehouse, "parquet", output=tmp_path / "all.csv", tables=["marts.dim_users"])
    assert rows(done.output / "marts" / "dim_users.parquet") == 200


def test_before_anything_is_published_it_says_what_to_run(paths: Paths) -> None:
    failed = call("export", "--format", "csv")
    assert failed.exit_code == 1
    assert "nothing is published" in failed.stderr
    assert failed.stderr.splitlines()[-1] == "hint: run: profilectl publish"
    assert call("export").exit_code == 2
    assert call("export", "--format", "parquet", "--gzip").exit_code == 2


def test_the_manifest_describes_columns_where_the_version_does(small_warehouse: Paths) -> None:
    version = publish(small_warehouse)
    said = [dictionary.Entry("ml", "scores", "score", "Spend expected [currency]", "currency")]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{version.file}' as copy")
        dictionary.write(connection, "copy", said)
    done = export(small_warehouse, "parquet")
    tables = {table["table"]: table for table in done.tables}
    columns = {column["name"]: column for column in tables["ml.scores"]["columns"]}
    assert columns["score"] == {
        "name": "score", "type": "DOUBLE", "description": "Spend expected [currency]", "unit": "currency",
    }  # fmt: skip
    assert columns["as_of"]["unit"] == "day"
    assert rows(done.output / "meta" / "columns.parquet") == tables["meta.columns"]["rows"] > 100

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import duckdb
import pytest
from published_files import published_with_odd_types

from profilectl.exporting import export, hyper
from profilectl.project import Paths
from profilectl.publishing import publish
from profilectl_ml.errors import ProfilectlError

pantab = pytest.importorskip("pantab", reason="pantab (extra: tableau) is not installed")


def read(file: Path, table: str) -> Any:
    return pantab.frame_from_hyper(file, table=tuple(table.split(".")), return_type="pyarrow")


# Each read starts Hyper anew: the widest, the longest, and the ones with odd columns.
READ = ("marts.user_profile", "marts.fct_events", "marts.identity_map", "ml.scores", "meta.publication")


def test_an_extract_holds_every_table_and_every_value(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Several batches a table, as on large ones.
    monkeypatch.setattr(hyper, "BATCH", 2048)
    publish(small_warehouse)
    done = export(small_warehouse, "hyper")
    file = done.output / "profiles.hyper"
    assert len(done.tables) > 12
    with duckdb.connect(str(small_warehouse.published.resolve()), read_only=True) as connection:
        for one in (table for table in done.tables if table["table"] in READ):
            back = read(file, one["table"])
            assert back.column_names == [column["name"] for column in one["columns"]]
            connection.register("back", back)
            different = connection.execute(
                f"select count(*) from ((from {one['table']} except all from back) "
                f"union all (from back except all from {one['table']}))"
            ).fetchone()
            assert different == (0,), one["table"]
            assert back.num_rows == one["rows"]


def test_odd_types_arrive_in_types_that_tableau_has(small_warehouse: Paths, tmp_path: Path) -> None:
    published_with_odd_types(small_warehouse)
    file = tmp_path / "odd.hyper"
    export(small_warehouse, "hyper", output=file, tables=["marts.odd", "marts.odder"])
    odd = read(file, "marts.odd").sort_by("id").to_pylist()
    assert odd[0] == {
        "id": 1, "said": "plain", "several": '["a","b"]', "packed": '{"k":1}', "hash": "9223372036854775808",
        "big": 7.0, "money": 1.5, "wide": 2.25,
    }  # fmt: skip
    assert odd[1]["said"] == "=1+1"
    assert odd[2]["said"] is None
    assert odd[2]["money"] == -0.01
    assert odd[3]["said"] == ""
    odder = read(file, "marts.odder")
    assert odder.column("day").to_pylist()[0].isoformat() == "1969-12-30"
    assert odder.column("instant").to_pylist()[0].isoformat() == "1899-12-31T23:59:59.123456"
    assert odder.column("zoned").to_pylist()[0].isoformat() == "2024-03-31T00:30:00+00:00"
    assert odder.column("span").to_pylist() == ["00:00:00", "1 day", "2 days"]
    assert not list(tmp_path.glob(".exporting*"))


def test_without_pantab_it_says_what_to_install(
    small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(small_warehouse)
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pantab":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ProfilectlError, match="pantab") as error:
        export(small_warehouse, "hyper")
    assert error.value.hint == "pip install 'profilectl[tableau]'"

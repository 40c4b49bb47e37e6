from __future__ import annotations

import csv
import gzip
import re
import tempfile
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from published_files import published_with_odd_types

from profilectl.exporting import export
from profilectl.exporting.tables import Table
from profilectl.exporting.types import SIGNED_DIGITS
from profilectl.exporting.writers import CsvWriter
from profilectl.project import Paths
from profilectl.publishing import publish

DOCS = Path(__file__).parents[2] / "docs" / "bi.md"
CELLS = Table("main", "cells", 0, {"n": "BIGINT", "said": "VARCHAR"})
DANGEROUS = ["=1+1", "@sum(A1)", "+1+1", "-2+3", "\t=x", "\r=x", "＝1", " =1", "'=1", "''@", "+49 30", "-"]
HARMLESS = ["+15550000007", "-5", "a=b", "", "'quoted'", "x@example.org", "1-2"]


def written(texts: list[str | None], folder: Path, *, raw: bool = False) -> list[str]:
    """The cells as a spreadsheet would read them: Python's csv module, which knows nothing of our rules."""
    writer = CsvWriter(raw=raw)
    with duckdb.connect() as connection:
        connection.execute("create table cells(n bigint, said varchar)")
        connection.executemany(
            "insert into cells values (?, ?)", [[-n, text] for n, text in enumerate(texts)]
        )
        writer.write(connection, [CELLS], folder, lambda rows, what: None)
        assert writer.counts(connection, [CELLS], folder) == [len(texts)]
    with (folder / "main" / "cells.csv").open(newline="", encoding="utf-8") as file:
        return [row["said"] for row in csv.DictReader(file)]


def unescaped(cells: list[str]) -> list[str]:
    """The cells after what docs/bi.md says takes the apostrophes away again."""
    said = re.search(r"^case when .* end$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert said is not None
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select list({said[0]} order by n) from (select unnest(?) as cell, unnest(?) as n)",
            [cells, list(range(len(cells)))],
        ).fetchone()
    assert found is not None
    return list(found[0])


def test_text_that_a_spreadsheet_could_run_gets_an_apostrophe(tmp_path: Path) -> None:
    assert written([*DANGEROUS], tmp_path) == [f"'{text}" for text in DANGEROUS]
    assert written([*HARMLESS], tmp_path) == HARMLESS
    assert written([*DANGEROUS], tmp_path, raw=True) == DANGEROUS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.text(st.sampled_from("=+-@'\t\r\n ＝,\";1aü"), max_size=6) | st.sampled_from(DANGEROUS + HARMLESS),
        min_size=1,
        max_size=20,
    )
)
@example(["\r", "\n", "a\rb", '"', "'+1", "+1"])
def test_no_cell_is_a_formula_and_every_cell_comes_back(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cells = written([*texts], Path(folder))
    for cell in cells:
        assert not re.search("^[=+\\-@\\t\\r\\n＝＋－＠]", cell) or re.fullmatch(SIGNED_DIGITS, cell), cell
    assert unescaped(cells) == texts


def test_null_and_empty_text_differ_and_lists_are_json(small_warehouse: Paths) -> None:
    published_with_odd_types(small_warehouse)
    done = export(small_warehouse, "csv", tables=["marts.odd"])
    lines = (done.output / "marts" / "odd.csv").read_bytes().decode("utf-8").splitlines()
    assert lines[0] == "id,said,several,packed,hash,big,money,wide"
    assert lines[1] == '1,plain,"[""a"",""b""]","{""k"":1}",9223372036854775808,7.0,1.50,2.25'
    assert lines[3].startswith("3,,[],")
    assert lines[4].startswith('4,"",')


def test_gzip_and_dates(small_warehouse: Paths, tmp_path: Path) -> None:
    publish(small_warehouse)
    named = export(small_warehouse, "csv", output=tmp_path / "users.csv.gz", tables=["marts.dim_users"])
    asked = export(small_warehouse, "csv", tables=["marts.dim_users"], compressed=True)
    for file in (named.output, asked.output / "marts" / "dim_users.csv.gz"):
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            first = next(csv.DictReader(text))
        assert first["phone"] == "+15550000000"
        assert first["first_name_updated_at"] == "2017-02-03 04:05:00"

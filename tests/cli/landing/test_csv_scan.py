"""The careful scan agrees with DuckDB wherever DuckDB takes a file, and finds its way after damage."""

from __future__ import annotations

import io
import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from profilectl.landing.bad_record import BadRecord
from profilectl.landing.csv_dialect import CsvDialect
from profilectl.landing.csv_lines import MAX_RECORD_BYTES
from profilectl.landing.csv_scan import scan_csv

DIALECT = CsvDialect(",", ("a", "b"), starts_blank=False)
READ = """
    select {names} from read_csv(
        ?, columns = {{{columns}}}, auto_detect = false, header = {header}, delim = ',', quote = '"',
        escape = '"', strict_mode = true, null_padding = false, nullstr = '', allow_quoted_nulls = false,
        new_line = '\\n'
    )
"""


def scan(content: bytes, dialect: CsvDialect = DIALECT) -> tuple[bytes, list[BadRecord]]:
    target = io.BytesIO()
    bad: list[BadRecord] = []
    assert scan_csv(io.BytesIO(content), target, dialect, bad.append)[1] == len(bad)
    return target.getvalue(), bad


def read(
    connection: duckdb.DuckDBPyConnection, path: Path, names: str, header: bool
) -> list[tuple[object, ...]]:
    columns = ", ".join(f"{name}: 'varchar'" for name in names.split(", "))
    return connection.execute(
        READ.format(names=names, columns=columns, header=header), [str(path)]
    ).fetchall()


@pytest.fixture(scope="module")
def reader() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    # The cache would hand out the file's content of a moment ago.
    connection.execute("set enable_external_file_cache = false")
    return connection


pieces = st.sampled_from(
    ["a", " ", '"', '""', ",", "\n", '",', ',"', '"\n', "x,y\n", '"x","y"\n', "é", '"x"y,z\n']
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces, max_size=12).map("".join))
@example('a,"b\nc"\n"d""e", f\n')
@example('a,b"c"d\n')
@example("a,b,\n")
def test_what_duckdb_takes_the_scan_takes_alike(
    tmp_path: Path, reader: duckdb.DuckDBPyConnection, body: str
) -> None:
    path = tmp_path / "x.csv"
    # A second quoted part after a blank is no CSV; DuckDB lets it pass, the scan does not.
    assume(not re.search('" +"', body))
    path.write_bytes(b"a,b\n" + body.encode())
    try:
        expected = read(reader, path, "a, b", header=True)
    except duckdb.Error:
        return
    mended, bad = scan(path.read_bytes())
    assert bad == []
    path.write_bytes(mended)
    found = read(reader, path, "n, a, b", header=False)
    assert found == [(str(number), *row) for number, row in enumerate(expected, start=1)]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(pieces, st.sampled_from(["\r", "\r\n", "\t"])), max_size=14).map("".join))
@example('a,"b\r"\n')
def test_what_the_scan_takes_duckdb_takes(
    tmp_path: Path, reader: duckdb.DuckDBPyConnection, body: str
) -> None:
    mended, bad = scan(b"a,b\n" + body.encode())
    path = tmp_path / "x.csv"
    path.write_bytes(mended)
    numbers = [int(str(row[0])) for row in read(reader, path, "n, a, b", header=False)]
    assert sorted(numbers + [record.row for record in bad]) == list(range(1, len(numbers) + len(bad) + 1))
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("body", "good", "bad"),
    [
        ('1,"x\n2,y\n3,z\n', ["2,y", "3,z"], [(1, "b")]),
        ('1,"x\n2,"y"\n3,z\n', ['2,"y"', "3,z"], [(1, "b")]),
        ('1,"x"z\n2,y\n', ["2,y"], [(1, "b")]),
        ('"1\n2,y\n', ["2,y"], [(1, "a")]),
        ("1\n2,y\n\n3\n", ["2,y"], [(1, "b"), (3, "b")]),
        ('1,"x\ny"\n2\n', ['1,"x\ny"'], [(2, "b")]),
    ],
    ids=[
        "open",
        "open, then quotes",
        "after quote",
        "open in first column",
        "blank lines",
        "newline in quotes",
    ],
)
def test_damage_costs_one_record(body: str, good: list[str], bad: list[tuple[int, str]]) -> None:
    mended, found = scan(b"a,b\n" + body.encode())
    assert [(record.row, record.column) for record in found] == bad
    numbers = [number for number in range(1, len(good) + len(bad) + 1) if number not in dict(bad)]
    lines = "".join(f"{number},{record}\n" for number, record in zip(numbers, good, strict=True))
    assert mended.decode() == lines


def test_a_quote_that_swallows_a_long_file_costs_one_record() -> None:
    lines = b"".join(b"%d,x\n" % number for number in range(5000))
    mended, bad = scan(b'a,b\n0,"open\n' + lines)
    assert [record.row for record in bad] == [1]
    assert mended.count(b"\n") == 5000


def test_an_over_long_record_is_cut_while_it_is_read() -> None:
    _, bad = scan(b"a,b\n" + b"x" * (3 * MAX_RECORD_BYTES) + b"\n1,2\n")
    assert [(record.row, record.reason) for record in bad] == [(1, "too_long")]
    assert len(bad[0].raw) == MAX_RECORD_BYTES + 1

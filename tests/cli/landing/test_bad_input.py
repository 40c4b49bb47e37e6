"""The table of bad input: what each kind of damage is called, and that it costs nothing else."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass

import duckdb
import pytest
from landing_folder import LandingFolder

HEADER = b"product_id,brand,note\n"
GOOD = b"p1,b1,n1\n"
LATER = b"p8,b8,n8\np9,b9,n9\n"
OBJECT = b'{"event_id":"e1","page":"/"}\n'
LATER_OBJECT = b'{"event_id":"e9","page":"/z"}\n'


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def damaged_in_the_middle(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 0xFF]) + content[half + 1 :]


def parquet(query: str) -> bytes:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        path = Path(scratch) / "x.parquet"
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")
        return path.read_bytes()


MANY = HEADER + b"".join(b"p%d,b%d,%d\n" % (i, i % 7, zlib.crc32(b"%d" % i)) for i in range(5000))
PARQUET = parquet(
    "select 'p' || i as product_id, md5(i::varchar) as brand, 'n' as note from range(5000) t(i)"
)


@dataclass(frozen=True)
class BadFile:
    """A file of which nothing may be loaded."""

    name: str
    content: bytes
    reason: str
    detail: str
    is_fatal: bool


FILES = {
    "empty csv": BadFile("shop/products/a.csv", b"", "empty_file", "no content", False),
    "blank csv": BadFile("shop/products/a.csv", b"\n \n\r\n", "empty_file", "no content", False),
    "only a byte order mark": BadFile("shop/products/a.csv", b"\xef\xbb\xbf", "empty_file", "", False),
    "empty json": BadFile("web/events/a.jsonl", b"", "empty_file", "no content", False),
    "empty gzip": BadFile("shop/products/a.csv.gz", gzipped(b""), "empty_file", "no content", False),
    "empty parquet": BadFile("shop/products/a.parquet", b"", "empty_file", "no content", False),
    "zero bytes gzip": BadFile("shop/products/a.csv.gz", b"", "empty_file", "no content", False),
    "gzip cut short": BadFile(
        "shop/products/a.csv.gz", gzipped(MANY)[:9000], "unreadable_file", "corrupt gzip", True
    ),
    "gzip with a flipped byte": BadFile(
        "shop/products/a.csv.gz",
        damaged_in_the_middle(gzipped(MANY)),
        "unreadable_file",
        "corrupt gzip",
        True,
    ),
    "gzip with a wrong checksum": BadFile(
        "shop/products/a.csv.gz", gzipped(MANY)[:-8] + bytes(8), "unreadable_file", "corrupt gzip", True
    ),
    "not gzip": BadFile("shop/products/a.csv.gz", HEADER + GOOD, "unreadable_file", "corrupt gzip", True),
    "not parquet": BadFile("shop/products/a.parquet", HEADER, "unreadable_file", "not a Parquet", True),
    "parquet cut short": BadFile(
        "shop/products/a.parquet", PARQUET[:-200], "unreadable_file", "truncated Parquet", True
    ),
    "parquet with a damaged footer": BadFile(
        "shop/products/a.parquet", PARQUET[:-300] + bytes(292) + PARQUET[-8:], "unreadable_file", "", True
    ),
    "parquet with damaged pages": BadFile(
        "shop/products/a.parquet", PARQUET[:4] + bytes(9000) + PARQUET[9004:], "unreadable_file", "", True
    ),
    "utf-16": BadFile(
        "shop/products/a.csv",
        (HEADER + GOOD).decode().encode("utf-16"),
        "unsupported_encoding",
        "UTF-16",
        True,
    ),
    "utf-16 without a mark": BadFile(
        "shop/products/a.csv", (HEADER + GOOD).decode().encode("utf-16-le"), "unsupported_encoding", "", True
    ),
    "utf-32": BadFile(
        "web/events/a.jsonl", OBJECT.decode().encode("utf-32"), "unsupported_encoding", "UTF-16", True
    ),
    "gzip without .gz": BadFile("shop/products/a.csv", gzipped(MANY), "binary_file", "binary", True),
    "a picture": BadFile("web/events/a.json", b"\x89PNG\r\n\x1a\n", "binary_file", "binary", True),
    "control characters": BadFile("web/events/a.json", bytes(range(32)) * 9, "binary_file", "binary", True),
    "required column missing": BadFile(
        "shop/products/a.csv", b"brand,note\nb,n\n", "missing_column", "column: product_id", True
    ),
    "required column renamed": BadFile(
        "shop/products/a.csv",
        b"productid,brand\np,b\n",
        "missing_column",
        "found 'productid': renamed?",
        True,
    ),
    "header missing": BadFile("shop/products/a.csv", GOOD + LATER, "missing_column", "none of the", True),
    "required key missing": BadFile(
        "web/events/a.jsonl", b'{"page":"/"}\n', "missing_column", "column: event_id", True
    ),
    "required key renamed": BadFile(
        "web/events/a.jsonl", b'{"page":"/","eventid":1}\n', "missing_column", "found 'eventid'", True
    ),
    "required parquet column missing": BadFile(
        "shop/products/a.parquet", parquet("select 1 as brand"), "missing_column", "product_id", True
    ),
    "unknown source": BadFile("cellar/products/a.csv", HEADER, "unknown_source", "'cellar'", True),
    "unknown entity": BadFile("shop/wines/a.csv", HEADER, "unknown_entity", "'wines'", True),
    "no entity folder": BadFile("shop/a.csv", HEADER, "unknown_entity", "<source>/<entity>/", True),
    "no folder": BadFile("a.csv", HEADER, "unknown_source", "<source>/<entity>/", True),
    "a spreadsheet": BadFile("shop/products/a.xlsx", b"PK", "unsupported_format", "'xlsx'", True),
    "compressed parquet": BadFile("shop/products/a.parquet.gz", b"x", "unsupported_format", "", True),
    "no extension": BadFile("shop/products/README", b"x", "unsupported_format", "README", True),
}


@pytest.mark.parametrize("case", FILES.values(), ids=FILES.keys())
def test_a_bad_file_is_refused_whole_and_others_go_on(folder: LandingFolder, case: BadFile) -> None:
    folder.write(case.name, case.content)
    folder.write("shop/products/good.csv", HEADER + GOOD)
    folder.write("web/events/good.jsonl", OBJECT)
    summary = folder.land()
    entry = folder.ledger(case.name)
    assert (entry["status"], entry["reason"], entry["is_fatal"]) == ("rejected", case.reason, case.is_fatal)
    assert case.detail in entry["detail"]
    assert (entry["rows"], entry["rows_loaded"], entry["rows_rejected"]) == (0, 0, 0)
    assert [row.file.file for row in summary.refused] == [case.name]
    assert folder.rows("shop__products", "_file") == [("shop/products/good.csv",)]
    assert folder.rows("web__events", "_file") == [("web/events/good.jsonl",)]
    error = folder.query('select file, "row", reason from raw.load_errors')
    assert error == [(case.name, None, case.reason)]


@dataclass(frozen=True)
class BadLine:
    """Content with one bad record (the second), between sound ones."""

    content: bytes
    reason: str
    column: str | None = None
    raw_text: str | None = None
    name: str = "shop/products/a.csv"


def csv_line(bad: bytes, reason: str = "malformed_csv", column: str | None = None) -> BadLine:
    return BadLine(HEADER + GOOD + bad + b"\n" + LATER, reason, column)


def json_line(bad: bytes, reason: str = "malformed_json") -> BadLine:
    return BadLine(OBJECT + bad + b"\n" + LATER_OBJECT, reason, name="web/events/a.jsonl")


def json_element(bad: bytes, reason: str = "malformed_json") -> BadLine:
    content = b"[\n" + OBJECT.strip() + b",\n" + bad + b",\n" + LATER_OBJECT.strip() + b"\n]"
    return BadLine(content, reason, name="web/events/a.json")


def nested(levels: int) -> bytes:
    """An object with an undeclared key, so many levels deep."""
    return b'{"event_id":"e2","utm":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


LINES = {
    "too few values": csv_line(b"p2,b2", column="note"),
    "one value": csv_line(b"p2", column="brand"),
    "only blanks": csv_line(b"   ", column="brand"),
    "too many values": csv_line(b"p2,b2,n2,x,y"),
    "quote never closed": csv_line(b'p2,"b2,n2', column="brand"),
    "quote never closed in the last column": csv_line(b'p2,b2,"n2', column="note"),
    "text after a closing quote": csv_line(b'p2,"b2"x,n2', column="brand"),
    "quoted record with too few values": csv_line(b'p2,"b\n2"', column="note"),
    "invalid utf-8": csv_line(b"p2,caf\xe9,n2", "invalid_encoding", "brand"),
    "invalid utf-8 in quotes": csv_line(b'p2,b2,"caf\xe9"', "invalid_encoding", "note"),
    "half a surrogate pair": csv_line(b"p2,\xed\xa0\x80,n2", "invalid_encoding", "brand"),
    "record too long": csv_line(b"p2,b2," + b"n" * 3_000_000, "too_long"),
    "record far too long": csv_line(b"p2,b2," + b"n" * 40_000_000, "too_long"),
    "quotes of two records that pair": BadLine(
        HEADER + GOOD + b'p2,"b2,n2\n' + LATER + b'p3,"b3",n3\n', "malformed_csv", "brand"
    ),
    "bad record with carriage returns": BadLine(
        (HEADER + GOOD + b"p2,b2\n" + LATER).replace(b"\n", b"\r\n"), "malformed_csv", "note"
    ),
    "bad record of an old mac": BadLine(
        (HEADER + GOOD + b"p2,b2\n" + LATER).replace(b"\n", b"\r"), "malformed_csv", "note"
    ),
    "bad record in a gzip": BadLine(
        gzipped(HEADER + GOOD + b"p2,b2\n" + LATER), "malformed_csv", "note", name="shop/products/a.csv.gz"
    ),
    "bad record with semicolons": BadLine(
        (HEADER + GOOD + b"p2,b2\n" + LATER).replace(b",", b";"), "malformed_csv", "note"
    ),
    "bad record after a byte order mark": BadLine(
        b"\xef\xbb\xbf" + HEADER + GOOD + b"p2,b2\n" + LATER, "malformed_csv", "note"
    ),
    "json cut short": json_line(b'{"event_id":"e2","pa'),
    "json cut in a string": json_line(b'{"event_id":"e2'),
    "no json": json_line(b"event e2 happened"),
    "two objects on a line": json_line(b'{"event_id":1} {"event_id":2}'),
    "single quotes": json_line(b"{'event_id':'e2'}"),
    "control character in a string": json_line(b'{"event_id":"e\t2"}'),
    "json with a lone surrogate": json_line(b'{"event_id":"\\ud800"}'),
    "json with invalid utf-8": json_line(b'{"event_id":"caf\xe9"}', "invalid_encoding"),
    "an array": json_line(b'["e2"]', "not_an_object"),
    "a number": json_line(b"17", "not_an_object"),
    "null": json_line(b"null", "not_an_object"),
    "json too long": json_line(b'{"event_id":"' + b"e" * 3_000_000 + b'"}', "too_long"),
    "json far too long": json_line(b'{"event_id":"' + b"e" * 40_000_000 + b'"}', "too_long"),
    "json nested too deeply": json_line(nested(1_001)),
    "json nested far too deeply": json_line(nested(200_000)),
    "json nested too deeply in objects": json_line(
        b'{"event_id":"e2","utm":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    ),
    "byte order mark, then a bad line": BadLine(
        b"\xef\xbb\xbf" + OBJECT + b"oops\n" + LATER_OBJECT, "malformed_json", name="web/events/a.jsonl"
    ),
    "bad line in a gzip": BadLine(
        gzipped(OBJECT + b"oops\n" + LATER_OBJECT), "malformed_json", name="web/events/a.jsonl.gz"
    ),
    "element cut in a string": json_element(b'{"event_id":"e2'),
    "element cut between brackets": json_element(b'{"event_id":["e2"'),
    "element that is no object": json_element(b'"e2"', "not_an_object"),
    "element with invalid utf-8": json_element(b'{"event_id":"caf\xe9"}', "invalid_encoding"),
    "bare element": json_element(b"oops"),
    "element nested too deeply": json_element(nested(200_000)),
}


@pytest.mark.parametrize("case", LINES.values(), ids=LINES.keys())
def test_a_bad_record_is_set_aside_and_all_others_are_loaded(folder: LandingFolder, case: BadLine) -> None:
    folder.write(case.name, case.content)
    summary = folder.land()
    errors = folder.query('select file, "row", column_name, reason from raw.load_errors')
    assert errors == [(case.name, 2, case.column, case.reason)]
    is_csv = ".csv" in case.name
    table, key = ("shop__products", "product_id") if is_csv else ("web__events", "event_id")
    loaded = folder.rows(table, key, "_row")
    expected = [("p1", 1), ("p8", 3), ("p9", 4), ("p3", 5)] if is_csv else [("e1", 1), ("e9", 3)]
    assert loaded == expected[: len(loaded)]
    assert len(loaded) >= (3 if is_csv else 2)
    entry = folder.ledger(case.name)
    assert (entry["status"], entry["rows_loaded"], entry["rows_rejected"]) == ("taken", len(loaded), 1)
    assert summary.rows == entry["rows"] == len(loaded) + 1


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b'{"event_id":"e2', "Unterminated string starting at character 13"),
        (b'{"event_id":"e\t2"}', "Invalid control character at character 15"),
        (b'{"event_id" 2}', "Expecting ':' delimiter at character 13"),
    ],
)
def test_a_person_reads_where_json_ends_to_be_json(folder: LandingFolder, record: bytes, said: str) -> None:
    folder.write("web/events/a.jsonl", OBJECT + record + b"\n")
    folder.land()
    assert folder.query("select detail from raw.load_errors") == [(said,)]


def test_what_is_nested_too_deeply_is_said_to_be_so(folder: LandingFolder) -> None:
    folder.write("web/events/a.jsonl", OBJECT + nested(200_000) + b"\n")
    folder.land()
    assert folder.query("select detail from raw.load_errors") == [("nested more than 1,000 levels deep",)]


def test_json_that_is_deep_or_long_is_taken_all_the_same(folder: LandingFolder) -> None:
    flat = b'{"event_id":"e3","list":[' + b"[]," * 5_000 + b'"' + b"[{" * 5_000 + b'\\""]}'
    folder.write("web/events/a.jsonl", nested(1_000) + b"\n" + flat + b"\n" + OBJECT)
    folder.land()
    assert folder.rows("web__events", "event_id", "_row") == [("e2", 1), ("e3", 2), ("e1", 3)]


def test_a_json_file_that_begins_with_a_deep_line_is_read_line_by_line(folder: LandingFolder) -> None:
    folder.write("web/events/a.json", b"[" * 10_000 + b"]" * 10_000 + b"\n" + OBJECT + LATER_OBJECT)
    folder.land()
    assert folder.rows("web__events", "event_id", "_row") == [("e1", 2), ("e9", 3)]
    assert folder.query('select "row", reason from raw.load_errors') == [(1, "malformed_json")]


def test_raw_text_is_capped_and_invalid_bytes_are_shown(folder: LandingFolder) -> None:
    folder.write("shop/products/a.csv", HEADER + b"p,caf\xe9," + b"n" * 9000 + b"\n" + GOOD)
    folder.land()
    [(raw,)] = folder.query("select raw_text from raw.load_errors")
    assert raw.startswith("p,caf\\xe9,nnn")
    assert len(raw) == 2000


def test_an_array_cut_between_elements_is_taken_with_a_note(folder: LandingFolder) -> None:
    folder.write("web/events/a.json", b'[{"event_id":1},\n{"event_id":2}\n')
    folder.land()
    entry = folder.ledger("web/events/a.json")
    assert (entry["status"], entry["rows_loaded"], entry["rows_rejected"]) == ("taken", 2, 0)
    assert "not closed" in entry["detail"]


def test_a_link_that_leaves_the_landing_folder_is_not_followed(folder: LandingFolder) -> None:
    outside = folder.root.parent / "secret.csv"
    outside.write_bytes(HEADER + GOOD)
    folder.write("shop/products/inside.csv", HEADER + GOOD)
    (folder.root / "shop/products/link.csv").symlink_to(outside)
    (folder.root / "shop/products/elsewhere").symlink_to(folder.root.parent)
    folder.land()
    entry = folder.ledger("shop/products/link.csv")
    assert (entry["reason"], entry["is_fatal"]) == ("outside_landing", True)
    assert folder.ledger("shop/products/elsewhere")["reason"] == "outside_landing"
    assert folder.rows("shop__products", "_file") == [("shop/products/inside.csv",)]


def test_a_file_that_cannot_be_opened_is_refused_until_it_can(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    folder.write("shop/products/a.csv", HEADER + GOOD)
    real_open = Path.open

    def denied(path: Path, *args: object, **kwargs: object) -> object:
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args, **kwargs)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", denied)
        folder.land()
        assert folder.land().batch_id is None
    entry = folder.ledger("shop/products/a.csv")
    assert (entry["reason"], entry["is_fatal"]) == ("unreadable_file", True)
    assert "Permission denied" in entry["detail"]
    folder.land()
    assert folder.ledger("shop/products/a.csv")["status"] == "taken"

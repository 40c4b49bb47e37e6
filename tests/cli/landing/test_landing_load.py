"""What a run takes, how values come through, and what it leaves for the next run."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import duckdb
import pytest
from landing_folder import CONTRACT, LandingFolder

from profilectl.landing import load, prepare, publish, readers
from profilectl.landing.contract import Contract
from profilectl.landing.discover import LandingFile
from profilectl.landing.load import land

HEADER = b"product_id,brand,note\n"


def test_an_empty_warehouse_gets_every_table(folder: LandingFolder) -> None:
    summary = folder.land()
    assert summary.batch_id is None
    for table in ("shop__products", "web__events", "load_ledger", "load_errors"):
        assert folder.query(f"select count(*) from raw.{table}") == [(0,)]


def test_values_come_through_as_they_are(folder: LandingFolder) -> None:
    folder.write("shop/products/a.csv", HEADER + '001, "x" ,"é\n""q"""\n2,,""\n3,NULL, pad \n'.encode())
    folder.land()
    assert folder.rows("shop__products", "product_id", "brand", "note") == [
        ("001", "x", 'é\n"q"'),
        ("2", None, ""),  # nothing is null, a quoted nothing is the empty text
        ("3", "NULL", " pad "),
    ]


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t", b"|"])
def test_the_delimiter_is_found_in_the_header(folder: LandingFolder, delimiter: bytes) -> None:
    content = HEADER + b'1,b,"x,;\t|"\n'.replace(b",", b"\0", 2)
    folder.write("shop/products/a.csv", content.replace(b",", delimiter, 2).replace(b"\0", delimiter))
    folder.land()
    assert folder.rows("shop__products", "product_id", "brand", "note") == [("1", "b", "x,;\t|")]


def test_undeclared_columns_are_kept_and_missing_ones_noted(folder: LandingFolder) -> None:
    folder.write("shop/products/a.csv", b"\xef\xbb\xbfcolour,PRODUCT_ID \nred,1\n,2\n")
    folder.write("web/events/a.jsonl", b'{"Event_ID":1,"z":{"y":[1]}}\n{"event_id":2,"EVENT_ID":3}\n')
    folder.copy_parquet("shop/products/b.parquet", "select 3 as product_id, [1, 2] as tags")
    folder.land()
    assert folder.rows("shop__products", "product_id", "_extra") == [
        ("1", '{"colour":"red"}'),
        ("2", '{"colour":null}'),
        ("3", '{"tags":"[1,2]"}'),
    ]
    # Where two spellings meet in one object, the one not taken is kept.
    assert folder.rows("web__events", "event_id", "_extra") == [
        ("1", '{"Event_ID":1,"z":{"y":[1]}}'),
        ("2", '{"EVENT_ID":3}'),
    ]
    assert folder.ledger("shop/products/a.csv")["missing_columns"] == "brand, note"
    assert folder.ledger("web/events/a.jsonl")["missing_columns"] == "page"


def test_parquet_values_become_text(folder: LandingFolder) -> None:
    folder.copy_parquet(
        "shop/products/a.parquet",
        """
        select
            7 as product_id, timestamptz '2017-03-04 10:06:07-05' as brand, 1.50::decimal(9, 2) as note
        union all
        select 8, timestamptz '2017-03-04 10:06:07.25-05', null
        """,
    )
    folder.connection.execute("set TimeZone = 'Asia/Tokyo'")
    folder.land()
    assert folder.rows("shop__products", "product_id", "brand", "note") == [
        ("7", "2017-03-04T15:06:07Z", "1.50"),
        ("8", "2017-03-04T15:06:07.25Z", None),
    ]


def test_json_values_become_text(folder: LandingFolder) -> None:
    folder.write(
        "web/events/a.json", b'[{"event_id":true,"page":1.5},\n {"event_id":"","page":["a",{"b":null}]}]'
    )
    folder.land()
    assert folder.rows("web__events", "event_id", "page") == [("true", "1.5"), ("", '["a",{"b":null}]')]


def test_record_numbers_hold_across_many_files_and_portions(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_PORTION_FILES", 7)
    for index in range(20):
        body = b"".join(b"%d,%d,\n" % (number, index) for number in range(1, 3000 * (index % 3) + 2))
        name = f"shop/products/{index:02}.csv"
        folder.write(
            name + ".gz" if index % 2 else name, gzip.compress(HEADER + body) if index % 2 else HEADER + body
        )
    summary = folder.land()
    assert summary.files_taken == 20
    assert folder.query("select count(*) from raw.shop__products where product_id::bigint <> _row") == [(0,)]
    wrong = folder.query(
        """
        select file from raw.load_ledger
        where rows_loaded <> (select count(distinct _row) from raw.shop__products where _file = file)
        """
    )
    assert wrong == []


def test_names_with_wildcards_are_plain_names(folder: LandingFolder) -> None:
    for name in ("[ab]", "a", "b", "*", "?", "it's"):
        folder.write(f"shop/products/{name}.csv", HEADER + f"{name},,\n".encode())
    folder.land()
    assert folder.query(
        "select count(*) from raw.shop__products where _file <> 'shop/products/' || product_id || '.csv'"
    ) == [(0,)]
    assert folder.query("select count(*) from raw.shop__products") == [(6,)]


def test_a_second_run_reads_nothing(folder: LandingFolder) -> None:
    files = {
        folder.write("shop/products/a.csv", HEADER + b"1,,\n"),
        folder.write("shop/products/cut.csv.gz", gzip.compress(HEADER * 50)[:40]),
        folder.write("web/events/a.jsonl", b'{"event_id":1}\n'),
        folder.copy_parquet("web/events/a.parquet", "select 1 as event_id"),
    }
    folder.land()
    for path in files:
        before = path.stat()
        path.write_bytes(b"\0" * before.st_size)  # whoever reads it now fails
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    summary = folder.land()
    assert (summary.batch_id, summary.files_known, summary.files_taken, summary.refused) == (None, 4, 0, [])
    assert folder.query("select count(*), max(batch_id) from raw.load_ledger") == [(4, 1)]
    assert folder.ledger("shop/products/cut.csv.gz")["status"] == "rejected"


def test_a_changed_file_is_a_new_delivery_in_a_later_batch(folder: LandingFolder) -> None:
    folder.write("shop/products/a.csv", HEADER + b"1,,\n")
    folder.land()
    path = folder.write("shop/products/a.csv", HEADER + b"1,b,\n2,,\n")
    os.utime(path, (0, 0))  # an older file put in its place is new here all the same
    folder.write("shop/products/new.csv", HEADER)
    assert folder.land().batch_id == 2
    found = folder.rows("shop__products", "_batch_id", "_row", "brand")
    assert found == [(1, 1, None), (2, 1, "b"), (2, 2, None)]
    assert folder.query("select count(distinct _loaded_at) from raw.shop__products") == [(2,)]
    moments = folder.query("select distinct batch_id, loaded_at from raw.load_ledger order by batch_id")
    assert moments[0][1] < moments[1][1]
    assert folder.ledger("shop/products/new.csv")["rows"] == 0


@pytest.mark.parametrize("between", [HEADER + b"1,wrong,\n", b"brand\nb\n"], ids=["taken", "refused"])
def test_a_file_that_is_put_back_to_what_it_was_is_another_delivery(
    folder: LandingFolder, between: bytes
) -> None:
    path = folder.write("shop/products/a.csv", HEADER + b"1,right,\n")
    before = path.stat()
    folder.land()
    folder.write("shop/products/a.csv", between)
    folder.land()
    folder.write("shop/products/a.csv", HEADER + b"1,right,\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as copies keep it
    assert folder.land().files_taken == 1
    assert folder.ledger("shop/products/a.csv")["status"] == "taken"
    assert folder.rows("shop__products", "_batch_id", "brand")[-1] == (3, "right")
    assert folder.land().batch_id is None


@pytest.mark.parametrize("stage", ["read_schema", "stage_parquet"])
def test_a_full_disk_of_ours_is_no_fault_of_a_file(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    folder.copy_parquet("web/events/a.parquet", "select 1 as event_id")

    def spilling(*_: object) -> None:
        raise duckdb.IOException('Could not write file "/tmp/x": No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(readers, stage, spilling)
        with pytest.raises(duckdb.IOException, match="No space left"):
            folder.land()
    assert folder.query("select count(*) from raw.load_ledger") == [(0,)]
    assert folder.land().files_taken == 1


def test_a_column_may_be_called_as_the_engine_calls_its_own(folder: LandingFolder) -> None:
    for number in range(3):
        folder.copy_parquet(
            f"web/events/{number}.parquet", f"select {number} as event_id, 'x' as File_Index from range(2)"
        )
    folder.write("shop/products/a.csv", HEADER + b"1,,\n")
    assert folder.land().files_taken == 4
    found = folder.rows("web__events", "_file", "_row", "event_id", "_extra")
    assert [row[:3] for row in found] == [
        (f"web/events/{number}.parquet", row, str(number)) for number in range(3) for row in (1, 2)
    ]
    assert {row[3] for row in found} == {'{"File_Index":"x"}'}


def test_a_refused_file_is_read_again_when_its_cause_has_gone(folder: LandingFolder) -> None:
    folder.write("shop/wines/a.csv", b"name\nx\n")
    folder.write("shop/products/a.csv", b"brand\nb\n")
    assert {row.reason for row in folder.land().refused} == {"missing_column", "unknown_entity"}
    assert folder.land().batch_id is None
    folder.contract = Contract.from_rows(
        [
            ("shop", "wines", "name", 1, True),
            ("shop", "products", "brand", 1, False),
            ("shop", "products", "new", 2, False),
        ]
    )
    assert folder.land().files_taken == 2
    assert folder.rows("shop__products", "brand", "new") == [("b", None)]


def test_a_failure_while_writing_leaves_nothing_of_the_group(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("shop/products/a.csv", HEADER + b"1,,\n2\n")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publish, "write_ledger", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.land()
    for table in ("shop__products", "load_ledger", "load_errors"):
        assert folder.query(f"select count(*) from raw.{table}") == [(0,)]
    assert folder.land().rows == 2


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.write("shop/products/a.csv", HEADER + b"1,,\n")
    real_prepare = prepare.prepare

    def prepare_while_written(*args: object) -> object:
        plain = real_prepare(*args)  # type: ignore[arg-type]
        with path.open("ab") as stream:
            stream.write(b"2,,\n")
        return plain

    with monkeypatch.context() as patch:
        patch.setattr(load, "prepare", prepare_while_written)
        assert folder.land().files_taken == 0
    assert folder.land().rows_loaded == 2


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_a_file_that_is_taken_away_while_it_is_read_is_not_in_the_ledger(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = folder.write(f"shop/products/{name}", b'[{"product_id": 1}]' if "json" in name else HEADER)
    folder.write(f"shop/products/other{path.suffix}", path.read_bytes())
    real_prepare = prepare.prepare

    def prepare_and_lose(*args: object) -> object:
        plain = real_prepare(*args)  # type: ignore[arg-type]
        path.unlink(missing_ok=True)
        return plain

    monkeypatch.setattr(load, "prepare", prepare_and_lose)
    folder.land()
    assert folder.query("select file from raw.load_ledger") == [(f"shop/products/other{path.suffix}",)]


def test_the_callers_transaction_and_settings_are_untouched(folder: LandingFolder, tmp_path: Path) -> None:
    folder.write("shop/products/a.csv.gz", b"not gzip")
    folder.write("shop/products/b.csv", HEADER + b"1,,\n")
    folder.connection = duckdb.connect(str(tmp_path / "w.duckdb"))
    folder.connection.execute("set preserve_insertion_order = false")
    folder.connection.execute("begin")
    folder.connection.execute("create table mine (x integer)")
    folder.land()
    folder.connection.execute("insert into mine values (1)")
    folder.connection.execute("commit")
    assert folder.query("select x from mine") == [(1,)]
    assert folder.query("select current_setting('preserve_insertion_order')") == [(False,)]
    assert folder.query("select count(*) from raw.shop__products") == [(1,)]


def test_progress_is_told_of_every_new_file(folder: LandingFolder) -> None:
    folder.write("shop/products/a.csv", HEADER)
    folder.write("nowhere/a.csv", HEADER)
    told: list[tuple[int, int, str]] = []
    land(folder.connection, CONTRACT, folder.root, folder.temp, lambda *step: told.append(step))
    assert told == [(1, 2, "nowhere/a.csv"), (2, 2, "shop/products/a.csv")]


def test_copies_are_private_lie_beside_the_warehouse_and_do_not_outlive_a_kill(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = folder.temp / "landing-killed"
    killed.mkdir(parents=True)
    (killed / "copy.csv").write_bytes(HEADER)
    folder.write("shop/products/a.csv.gz", gzip.compress(HEADER + b"1,,\n"))
    seen: list[tuple[Path, int]] = []

    def spy(file: LandingFile, scratch: Path) -> prepare.PlainFile:
        seen.append((scratch.parent, stat.S_IMODE(scratch.stat().st_mode)))
        return prepare.prepare(file, scratch)

    monkeypatch.setattr(load, "prepare", spy)
    assert folder.land().files_taken == 1
    assert seen == [(folder.temp, 0o700)]
    assert list(folder.temp.iterdir()) == []

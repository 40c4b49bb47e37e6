"""Bad input: each damage is set aside with file, record, column and reason, and costs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bad_input
import pytest
from bad_input import CASES, Case

from dbt_home import Built, Home

#: How the record's id begins in the shape, by entity.
SHAPES = {
    "crm/customers": ("intermediate.int_people", "person_record_id"),
}


def kept_keys(built: Built, case: Case) -> list[str]:
    """Keys of the records of a file that are in the shape, in their order."""
    table, column = SHAPES.get(case.entity, ("intermediate.int_events", "event_id"))
    found = built.rows(
        f"select split_part({column}, ':', 2) from {table} where _file = ? order by _row", [case.file]
    )
    return list(dict.fromkeys(key for (key,) in found))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_said_and_what_is_kept(bad_input_built: Built, case: Case) -> None:
    told = bad_input_built.rows(
        "select row_number, column_name, reason from marts.quarantined_rows where file = ? order by all",
        [case.file],
    )
    assert (told, kept_keys(bad_input_built, case)) == (list(case.told), list(case.kept))


def test_no_other_record_is_set_aside(bad_input_built: Built) -> None:
    expected = sum(len(case.told) for case in CASES)
    assert bad_input_built.value("select count(*) from marts.quarantined_rows") == expected
    assert len(CASES) >= 30


@pytest.mark.parametrize(
    ("entity", "stem", "dates"),
    [
        (bad_input.SHOP, "utc", bad_input.DATES_AS_UTC),
        (bad_input.CONTACTS, "local", bad_input.DATES_IN_NEW_YORK),
    ],
    ids=["written in UTC", "written in New York"],
)
def test_dates_of_every_format_become_the_same_instants(
    bad_input_built: Built, entity: str, stem: str, dates: dict[str, str]
) -> None:
    found = bad_input_built.rows(
        "select occurred_at::varchar from intermediate.int_events where _file = ? order by _row",
        [f"{entity}/dates.csv"],
    )
    assert dict(zip(dates, (instant for (instant,) in found), strict=True)) == dates


def test_a_person_is_told_what_to_do(bad_input_built: Built) -> None:
    details = dict(
        bad_input_built.rows(
            "select split_part(file, '/', 3), detail from marts.quarantined_rows where row_number is null"
        )
    )
    assert "sales_value (found 'sale_value': renamed?)" in details["renamed_column.csv"]
    assert "corrupt gzip" in details["truncated.csv.gz"]
    assert "footer is missing" in details["truncated.parquet"]
    assert "only UTF-8" in details["utf_16.csv"]


def test_copies_inside_a_file_count_once(bad_input_built: Built) -> None:
    statuses = bad_input_built.rows(
        "select _status, count(*), max(_row) from staging.stg_shop__transactions "
        "where _file = 'shop/transactions/twice.csv.gz' group by _status order by _status"
    )
    assert statuses == [("duplicate", 2, 2), ("shaped", 1, 3)]


def test_what_nobody_declared_is_kept_raw(bad_input_built: Built) -> None:
    extra = "select _extra from raw.shop__transactions where _file = 'shop/transactions/extra.csv'"
    assert bad_input_built.value(extra) == '{"more":"more"}'
    text = "select text from intermediate.int_events where _file = 'synthetic_survey/answers/newline.csv'"
    assert bad_input_built.value(text) == 'two\nlines, "so"'


def test_refused_files_fail_the_run_and_nothing_else(bad_input_built: Built) -> None:
    assert bad_input_built.failed == {"assert_no_file_refused"}
    assert bad_input_built.skipped == set()
    fatal = {
        case.file
        for case in CASES
        if case.told and case.told[0][0] is None and case.told[0][2] != "empty_file"
    }
    named = bad_input_built.rows("select file from ops.landing_files where is_fatal and is_current")
    assert {file for (file,) in named} == fatal


def test_a_refused_file_stands_against_the_run_wherever_it_lies(tmp_path: Path, manifest: Any) -> None:
    home = Home(tmp_path / "[a]*", manifest)
    files = {f"crm/customers/{name}" for name in ("bad.csv", "2017/bad.csv", "2017/06/[b]ad.csv")}
    for file in files:
        home.land(file, "nothing,of,this\n1,2,3\n")
    query = "select file from ops.landing_files where is_fatal and is_current"
    built = home.dbt("run", "--select", "landing_contract", "landing_files")
    assert {file for (file,) in built.rows(query)} == files
    for file in files:
        (home.landing / file).unlink()
    assert home.dbt("run", "--select", "landing_contract", "landing_files").rows(query) == []


def test_nothing_is_lost(bad_input_built: Built) -> None:
    rows = bad_input_built.rows("select landed, shaped + quarantined + duplicates from marts.data_quality")
    assert len(rows) == 7
    assert all(landed == accounted for landed, accounted in rows)


def test_sources_behind_a_refused_file_are_in_the_marts(bad_input_built: Built) -> None:
    per_source = dict(bad_input_built.rows("select source, count(*) from marts.fct_events group by source"))
    assert set(per_source) == {"shop", "crm", "synthetic_web", "synthetic_social", "synthetic_survey"}
    assert bad_input_built.value("select count(*) from marts.user_profile") > 0


def test_ids_are_trimmed_and_empty_ones_are_none(bad_input_built: Built) -> None:
    found = bad_input_built.rows(
        "select event_id, item_id, session_id, subject from intermediate.int_events"
        " where _file like '%/padded.csv' or _file like '%/no_session.jsonl' order by event_id"
    )
    assert found == [
        ("shop.transactions:pad-0:1", "p1", "pad-0", None),
        ("shop.transactions:pad-1:1", "p1", "pad-1", None),
        ("synthetic_web.events:visit-0", "p1", None, None),
    ]


def test_addresses_may_have_apostrophes_and_letters_of_every_script(bad_input_built: Built) -> None:
    found = bad_input_built.rows(
        "select email from intermediate.int_events where _file like '%/o_brien.csv' order by _row"
    )
    assert found == [("pat.o'brien@example.org",), ("jos\u00e9@ex\u00e4mple.org",)]

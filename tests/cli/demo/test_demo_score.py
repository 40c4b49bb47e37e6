"""Scoring against the truth, on a map small enough to count by hand."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from profilectl.demo.score import QuarantineRow, quarantine, stitching
from profilectl_ml.errors import ProfilectlError


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Household 1 has three identifiers, household 2 has two."""
    duckdb.sql(
        f"""
        copy (
            select * from (values
                ('email', 'a', 1), ('phone', 'b', 1), ('card', 'c', 1), ('email', 'd', 2), ('card', 'e', 2)
            ) as t(identifier_type, identifier_value, household_id)
        ) to '{tmp_path / "identities.parquet"}' (format parquet)
        """
    )
    duckdb.sql(
        f"""
        copy (
            select * from (values ('crm', 'customers', 10, 7, 2, 1), ('shop', 'products', 5, 5, 0, 0))
            as t(source, entity, rows_landed, rows_shape, rows_quarantined, rows_duplicates)
        ) to '{tmp_path / "expected.parquet"}' (format parquet)
        """
    )
    return tmp_path


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute("create schema marts")
    con.execute(
        """
        create table marts.identity_map (
            identifier_type varchar, identifier_value varchar, user_id varchar, is_blocked boolean,
            known_to timestamp
        )
        """
    )
    con.execute(
        "create table marts.data_quality "
        "(source varchar, entity varchar, batch_id bigint, quarantined bigint, duplicates bigint)"
    )
    yield con
    con.close()


def map_users(con: duckdb.DuckDBPyConnection, users: dict[tuple[str, str], str | None]) -> None:
    con.executemany(
        "insert into marts.identity_map values (?, ?, ?, ?, null)",
        [(kind, value, user, user is None) for (kind, value), user in users.items()],
    )


def test_a_perfect_map_scores_one(warehouse: duckdb.DuckDBPyConnection, truth: Path) -> None:
    map_users(
        warehouse,
        {
            ("email", "a"): "u1",
            ("phone", "b"): "u1",
            ("card", "c"): "u1",
            ("email", "d"): "u2",
            ("card", "e"): "u2",
            ("email", "not in the truth"): "u2",
        },
    )

    score = stitching(warehouse, truth)

    assert (score.precision, score.recall, score.f1) == (1.0, 1.0, 1.0)
    assert (score.pairs_true, score.pairs_found, score.pairs_right) == (4, 4, 4)


def test_a_false_merge_costs_precision_and_a_missed_link_recall(
    warehouse: duckdb.DuckDBPyConnection, truth: Path
) -> None:
    # c is with the wrong household: pairs found are ab, cd, ce, de; right are ab and de; true are four
    map_users(
        warehouse,
        {
            ("email", "a"): "u1",
            ("phone", "b"): "u1",
            ("card", "c"): "u2",
            ("email", "d"): "u2",
            ("card", "e"): "u2",
        },
    )

    score = stitching(warehouse, truth)

    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)


def test_blocked_and_absent_identifiers_stand_alone(
    warehouse: duckdb.DuckDBPyConnection, truth: Path
) -> None:
    map_users(warehouse, {("email", "a"): None, ("phone", "b"): None, ("email", "d"): "u2"})

    score = stitching(warehouse, truth)

    assert (score.pairs_found, score.recall, score.f1, score.precision) == (0, 0.0, 0.0, 1.0)
    assert (score.identifiers, score.unresolved) == (5, 4)


def test_quarantine_sums_batches_and_shows_what_is_missing(
    warehouse: duckdb.DuckDBPyConnection, truth: Path
) -> None:
    warehouse.execute(
        "insert into marts.data_quality values ('crm', 'customers', 1, 1, 0), ('crm', 'customers', 2, 1, 1)"
    )

    rows = quarantine(warehouse, truth)

    assert rows == [
        QuarantineRow("crm", "customers", 2, 2, 1, 1),
        QuarantineRow("shop", "products", 0, 0, 0, 0),
    ]
    assert all(row.agrees for row in rows)


def test_without_a_truth_the_error_says_how_to_get_one(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(ProfilectlError, match="no demo truth"):
        stitching(warehouse, tmp_path / "nowhere")


HEADER = "identifier_type,identifier_value,person_id\n"
#: As staging writes them: two of Ann, three of Bob.
STAGED: dict[tuple[str, str], str | None] = {
    ("email", "ann@example.org"): "u1",
    ("phone", "+12125550142"): "u1",
    ("phone", "+442079460018"): "u2",
    ("handle", "bob"): "u2",
    ("card", "K1"): "u2",
}


def told(folder: Path, *lines: str) -> Path:
    file = folder / "truth.csv"
    file.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def test_a_truth_may_spell_identifiers_as_people_do(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    map_users(warehouse, STAGED)
    phones = ("(212) 555-0142", "0212 555 0142", "212-555-0142 ext. 7", "1 212 555 0142", "001 212 555 0142")
    for phone in phones:
        lines = ["email,\u00a0Ann@Example.ORG ,ann", f"phone,{phone},ann", "phone,+44 (0)20 7946 0018,bob"]
        score = stitching(warehouse, told(tmp_path, *lines, "handle,BOB,bob", "card, K1,bob"))
        assert (score.identifiers, score.unresolved) == (5, 0), phone
        assert (score.pairs_true, score.pairs_found, score.pairs_right) == (4, 4, 4), phone


def test_the_exact_value_comes_before_its_canonical_spelling(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    map_users(warehouse, {("handle", "Bob"): "u1", ("handle", "bob"): "u2", ("card", "K1"): "u1"})
    assert stitching(warehouse, told(tmp_path, "handle,Bob,1", "card,K1,1")).recall == 1.0


def test_a_national_number_of_two_countries_is_neither(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    map_users(warehouse, {("phone", "+12125550142"): "u1", ("phone", "+492125550142"): "u2"})
    score = stitching(warehouse, told(tmp_path, "phone,2125550142,1"))
    assert (score.identifiers, score.unresolved) == (1, 1)


def test_rows_that_say_the_same_or_nothing_count_once_or_never(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    map_users(warehouse, STAGED)
    lines = ["card,K1,bob", "card,K1,bob", "card,K1 ,bob", "handle,bob,bob"]
    # nobody's, of one user: else pairs of one person
    lines += ["email,ann@example.org,", 'phone,+12125550142," "', "card,,bob"]
    score = stitching(warehouse, told(tmp_path, *lines))
    assert (score.identifiers, score.pairs_true, score.pairs_found, score.pairs_right) == (2, 1, 1, 1)


def test_an_identifier_of_several_people_is_left_out(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    map_users(warehouse, STAGED)
    score = stitching(warehouse, told(tmp_path, "card,K1,bob", "card,K1,eve", "handle,bob,bob"))
    assert (score.identifiers, score.several_people, score.pairs_found) == (1, 1, 0)


@pytest.mark.parametrize("name", ["OK.CSV", "ok.csv.gz", "Ok.Csv.GZ", "truth.txt", "plain", "OK.PARQUET"])
def test_any_file_is_a_truth_table_whatever_its_name(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    map_users(warehouse, STAGED)
    plain = told(tmp_path, "card,K1,1", "handle,bob,1")
    file = tmp_path / name
    if name == "OK.PARQUET":
        # numbers are no texts there
        rows = "select 'card' as identifier_type, unnest([7, 8]) as identifier_value, 1 as person_id"
        duckdb.sql(f"copy ({rows}) to '{file}' (format parquet)")
        map_users(warehouse, {("card", "7"): "u7", ("card", "8"): "u7"})
    else:
        content = plain.read_bytes()
        file.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    score = stitching(warehouse, file)
    assert (score.identifiers, score.pairs_right) == (2, 1)


@pytest.mark.parametrize("name", ["none.CSV", "none.csv.gz", "none.parquet"])
def test_a_truth_file_that_is_not_there(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ProfilectlError, match="there is no file"):
        stitching(warehouse, tmp_path / name)


def test_a_folder_is_the_demos_whatever_its_name(
    warehouse: duckdb.DuckDBPyConnection, truth: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "truth.csv"
    folder.mkdir()
    (truth / "identities.parquet").rename(folder / "identities.parquet")
    assert stitching(warehouse, folder).identifiers == 5


def test_a_line_that_cannot_be_read_is_told(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = told(tmp_path, *["card,K1,1"] * 30_000, "card,K3")
    with pytest.raises(ProfilectlError, match=r"is not a truth table: .*CSV Error on Line: 30002"):
        stitching(warehouse, file)

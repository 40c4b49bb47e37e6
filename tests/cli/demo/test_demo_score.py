"""Scoring against the truth, on a map small enough to count by hand."""

from __future__ import annotations

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

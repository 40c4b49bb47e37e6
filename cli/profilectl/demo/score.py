"""How right the pipeline was on the demo: its identities and its quarantine against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_literal


@dataclass(frozen=True)
class StitchingScore:
    """Pairwise quality of stitching over the identifiers that belong to exactly one household.

    Attributes
    ----------
    precision
        Share of the pairs put under one user that belong to one household.
    recall
        Share of the pairs of one household that were put under one user.
    f1
        Harmonic mean of the two.
    pairs_true, pairs_found, pairs_right
        Pairs of one household, pairs of one user, pairs of both.
    identifiers
        Identifiers in the truth.
    unresolved
        Those of them that have no user: absent from the map, or blocked. Each counts as alone.
    """

    precision: float
    recall: float
    f1: float
    pairs_true: int
    pairs_found: int
    pairs_right: int
    identifiers: int
    unresolved: int


@dataclass(frozen=True)
class QuarantineRow:
    """Expected against found counts of one source entity."""

    source: str
    entity: str
    expected_quarantined: int
    found_quarantined: int
    expected_duplicates: int
    found_duplicates: int

    @property
    def agrees(self) -> bool:
        """Whether both counts are as expected."""
        return (self.expected_quarantined, self.expected_duplicates) == (
            self.found_quarantined,
            self.found_duplicates,
        )


def stitching(con: duckdb.DuckDBPyConnection, truth: Path) -> StitchingScore:
    """Compare ``marts.identity_map`` with the truth's identities, counting pairs by group sizes.

    Parameters
    ----------
    con
        A connection to the warehouse; reading is enough.
    truth
        The folder that :func:`profilectl.demo.generate.generate` wrote, or a Parquet or CSV file with the
        columns identifier_type, identifier_value and person_id.

    Raises
    ------
    ProfilectlError
        If the truth is not there, or has other columns.
    """
    row = con.execute(
        f"""
        with judged as (
            select t.household_id, m.user_id
            from {_identities(con, truth)} as t
            left join marts.identity_map as m
                on m.identifier_type = t.identifier_type
                and m.identifier_value = t.identifier_value
                and m.known_to is null
        ),
        both_groups as (
            select household_id, user_id, count(*) as n from judged group by household_id, user_id
        ),
        households as (select household_id, sum(n) as n from both_groups group by household_id),
        users as (
            select user_id, sum(n) as n from both_groups where user_id is not null group by user_id
        )
        select
            (select coalesce(sum(n * (n - 1) // 2), 0)::bigint from households),
            (select coalesce(sum(n * (n - 1) // 2), 0)::bigint from users),
            (select coalesce(sum(n * (n - 1) // 2), 0)::bigint from both_groups where user_id is not null),
            (select count(*) from judged),
            (select count(*) from judged where user_id is null)
        """
    ).fetchall()[0]
    pairs_true, pairs_found, pairs_right, identifiers, unresolved = (int(value) for value in row)
    precision = pairs_right / pairs_found if pairs_found else 1.0
    recall = pairs_right / pairs_true if pairs_true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return StitchingScore(
        precision, recall, f1, pairs_true, pairs_found, pairs_right, identifiers, unresolved
    )


def quarantine(con: duckdb.DuckDBPyConnection, truth: Path) -> list[QuarantineRow]:
    """Compare ``marts.data_quality`` with the counts of dirt in the truth, per source entity.

    Parameters
    ----------
    con, truth
        As for :func:`stitching`.

    Returns
    -------
    list of QuarantineRow
        One per source entity of the truth, in order of their names.

    Raises
    ------
    ProfilectlError
        If the truth is not there.
    """
    rows = con.execute(
        f"""
        with found as (
            select source, entity, sum(quarantined) as quarantined, sum(duplicates) as duplicates
            from marts.data_quality
            group by source, entity
        )
        select
            e.source, e.entity, e.rows_quarantined, coalesce(f.quarantined, 0)::bigint,
            e.rows_duplicates, coalesce(f.duplicates, 0)::bigint
        from {_parquet(truth, "expected")} as e
        left join found as f using (source, entity)
        order by e.source, e.entity
        """
    ).fetchall()
    return [QuarantineRow(*row) for row in rows]


def _identities(con: duckdb.DuckDBPyConnection, truth: Path) -> str:
    if truth.suffix not in (".parquet", ".csv"):
        return _parquet(truth, "identities")
    if not truth.is_file():
        raise ProfilectlError(f"there is no file {truth}", hint="give a Parquet or CSV file")
    reader = "read_parquet" if truth.suffix == ".parquet" else "read_csv"
    options = "" if truth.suffix == ".parquet" else ", header = true, all_varchar = true"
    wanted = "select identifier_type, identifier_value, person_id as household_id"
    relation = f"({wanted} from {reader}({quote_literal(str(truth))}{options}))"
    try:
        con.execute(f"select 1 from {relation} limit 0")
    except duckdb.Error as error:
        raise ProfilectlError(
            f"{truth} is not a truth table: {str(error).splitlines()[0]}",
            hint="it needs the columns identifier_type, identifier_value, person_id",
        ) from error
    return relation


def _parquet(truth: Path, name: str) -> str:
    path = truth / f"{name}.parquet"
    if not path.is_file():
        raise ProfilectlError(f"no demo truth at {path}", hint="profilectl demo")
    return f"read_parquet({quote_literal(str(path))})"

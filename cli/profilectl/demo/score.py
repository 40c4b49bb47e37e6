"""How right the pipeline was on the demo: its identities and its quarantine against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from profilectl.identity_truth import demo_truth, identities, known_identifiers


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
        Identifiers that the truth gives to one household.
    unresolved
        Those of them that have no user: absent from the map, or blocked. Each counts as alone.
    several_people
        Identifiers that the truth gives to several. None of their pairs is right or wrong: they are left out.
    """

    precision: float
    recall: float
    f1: float
    pairs_true: int
    pairs_found: int
    pairs_right: int
    identifiers: int
    unresolved: int
    several_people: int


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
        columns identifier_type, identifier_value and person_id, in any spelling that staging understands.

    Raises
    ------
    ProfilectlError
        If the truth is not there, or has other columns.
    """
    row = con.execute(
        f"""
        with {known_identifiers(identities(con, truth))},
        owned as (
            select
                identifier_type, identifier_value, any_value(household_id) as household_id,
                count(distinct household_id) > 1 as is_several
            from truth
            group by identifier_type, identifier_value
        ),
        judged as (
            select o.household_id, c.user_id
            from owned as o
            left join current_map as c using (identifier_type, identifier_value)
            where not o.is_several
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
            (select count(*) from judged where user_id is null),
            (select count(*) from owned where is_several)
        """
    ).fetchall()[0]
    pairs_true, pairs_found, pairs_right, *counts = (int(value) for value in row)
    precision = pairs_right / pairs_found if pairs_found else 1.0
    recall = pairs_right / pairs_true if pairs_true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return StitchingScore(precision, recall, f1, pairs_true, pairs_found, pairs_right, *counts)


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
        from {demo_truth(truth, "expected")} as e
        left join found as f using (source, entity)
        order by e.source, e.entity
        """
    ).fetchall()
    return [QuarantineRow(*row) for row in rows]

"""The feature models as compiled SQL over generated shapes, in memory: a build per example would be slow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from feature_rows import USER_OF_IDENTITY, Event, Move, day_of, event_row, person_row

ROOT = Path(__file__).parents[2]
DAILY = ("int_daily_purchases", "int_daily_engagement", "int_session_days", "int_profile_records")
SHAPES = """
create schema intermediate;
create schema marts;
create table intermediate.int_events(event_id varchar, event_type varchar, occurred_at timestamp,
    occurred_on date, known_on date, identity_key ubigint, item_id varchar, quantity double, amount double,
    discount double, duration_s double, rating double, text varchar, tags varchar, subject varchar,
    session_id varchar);
create table intermediate.int_people(person_record_id varchar, updated_at timestamp, updated_on date,
    known_on date, identity_key ubigint, age_band varchar, income_band varchar, home_ownership varchar,
    marital_status varchar, household_size varchar, household_composition varchar, kids_count varchar,
    consent boolean);
create table intermediate.int_items as
    select * from (values ('i0', 'GROCERY', 'Private'), ('i1', 'FUEL', 'National'))
    as t(item_id, department, brand);
create table intermediate.int_identity_keys(identity_key ubigint, user_key bigint);
create table intermediate.int_identity_links as
    select k::ubigint as identity_key, k::bigint as identifier_id
    from unnest([10, 11, 20, 21, 30, 40]) as t(k);
create table intermediate.int_identifiers as
    select k as identifier_id, 'card' as identifier_type, k::varchar as identifier_value
    from range(1, 41) as t(k);
create table intermediate.int_identity_versions(identifier_id bigint, user_key bigint, known_from timestamp,
    known_to timestamp);
create table intermediate.int_users as select k as user_key, 'u' || k as user_id from range(1, 4) as t(k);
create table intermediate.int_clock(as_of date);
"""


@cache
def compiled(strict: bool) -> dict[str, str]:
    """Compiled SQL of the feature models by name; ``strict`` sets var strict_as_of."""
    from dbt.cli.main import dbtRunner

    models = (*DAILY, "user_features", "training_examples")
    given = {"strict_as_of": strict, "training_min_history_days": 7, "training_cutoff_every_days": 14}
    with TemporaryDirectory() as folder:
        options = {
            "--vars": str(given),
            "--project-dir": str(ROOT / "dbt_project"),
            "--profiles-dir": str(ROOT),
            "--target-path": folder,
            "--log-path": folder,
        }
        said = [word for option in options.items() for word in option]
        result = dbtRunner().invoke(
            ["--quiet", "--no-partial-parse", "compile", "--no-populate-cache", "--select", *models, *said]
        )
    assert result.success, result.exception
    return {node.node.name: node.node.compiled_code for node in result.result}


class FeatureWarehouse:
    """Builds the feature models over given rows, under the name that the compiled SQL expects."""

    def __init__(self, strict: bool, name: str) -> None:
        self.sql = compiled(strict)
        self.con = duckdb.connect()
        self.con.execute(f"set TimeZone = 'UTC'; set threads = 2; attach ':memory:' as {name}; use {name}")
        self.con.execute(SHAPES)
        self.con.executemany(
            "insert into intermediate.int_identity_keys values (?, ?)",
            [list(pair) for pair in USER_OF_IDENTITY.items()],
        )

    def load(
        self, rows: list[Event], people: list[tuple[int, int, int, int]], moves: Sequence[Move] = ()
    ) -> None:
        """Replace events, records about people and beliefs about identities, and rebuild the daily tables."""
        self._believe(moves)
        self._fill("int_events", [event_row(place, row) for place, row in enumerate(rows)])
        self._fill("int_people", [person_row(place, row) for place, row in enumerate(people)])
        for model in DAILY:
            self.con.execute(f"create or replace table intermediate.{model} as {self.sql[model]}")

    def keep_usable_by(self, day: dt.date, known: bool) -> None:
        """Forget what happened after ``day`` (and what was known after it), and rebuild the daily tables."""
        for table, column in (("int_events", "occurred_on"), ("int_people", "updated_on")):
            late = f"{column} > ?" + (" or known_on > ?" if known else "")
            self.con.execute(f"delete from intermediate.{table} where {late}", [day] * (1 + known))
        later = "::timestamp >= cast(? as date) + interval 1 day"
        versions = "intermediate.int_identity_versions"
        self.con.execute(f"delete from {versions} where known_from{later}", [day])
        self.con.execute(f"update {versions} set known_to = null where known_to{later}", [day])
        for model in DAILY:
            self.con.execute(f"create or replace table intermediate.{model} as {self.sql[model]}")

    def features(self, model: str, as_of: dt.date, cutoff: dt.date) -> dict[str, dict[str, Any]]:
        """Features by user for one cutoff, from a mart built as of ``as_of``; without days and label."""
        self.con.execute(
            "create or replace table intermediate.int_clock as select cast(? as date) as as_of", [as_of]
        )
        time_column = "cutoff" if model == "training_examples" else "as_of"
        found = self.con.execute(f"select * from ({self.sql[model]}) where {time_column} = ?", [cutoff])
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        dropped = {"user_id", "cutoff", "as_of", "label_spend_next_28d"}
        return {row["user_id"]: {k: v for k, v in row.items() if k not in dropped} for row in rows}

    def _believe(self, moves: Sequence[Move]) -> None:
        """Whose each identity was thought to be: at first as it is now, then as the moves say, day by day."""
        self.con.execute("delete from intermediate.int_identity_versions")
        for identity, user in USER_OF_IDENTITY.items():
            turns = {dt.date(2016, 1, 1): user}
            turns |= {day_of(day): into for one, into, day in moves if one == identity}
            days = sorted(turns)
            for begin, end in zip(days, [*days[1:], None], strict=True):
                self.con.execute(
                    "insert into intermediate.int_identity_versions values (?, ?, ?, ?)",
                    [identity, turns[begin], *(day and f"{day} 17:00:00" for day in (begin, end))],
                )

    def _fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        self.con.execute(f"delete from intermediate.{table}")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            self.con.execute(
                f"insert into intermediate.{table} ({', '.join(row)}) values ({marks})", list(row.values())
            )

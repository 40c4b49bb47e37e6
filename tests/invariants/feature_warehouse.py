"""The feature models as compiled SQL over generated shapes, in memory: a build per example would be slow."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
DAILY = ("int_daily_purchases", "int_daily_engagement", "int_session_days", "int_profile_records")
AS_OF = dt.date(2017, 12, 31)
# Few people with several identities each, so that days and sessions meet often; the last one is nobody's.
USER_OF_IDENTITY = {10: 1, 11: 1, 20: 2, 21: 2, 30: 3, 40: None}
KINDS = ("purchase", "purchase", "purchase", "page_view", "click", "add_to_cart", "checkout")
KINDS += ("post", "like", "follow", "survey_answer", "campaign_contact", "coupon_redemption")
TEXTS = (None, "Great price, fresh fruit", "slow service")

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
create table intermediate.int_users as select k as user_key, 'u' || k as user_id from range(1, 4) as t(k);
create table intermediate.int_clock(as_of date);
"""


@dataclass(frozen=True)
class Event:
    """One generated event; small numbers choose among few values so that rows meet."""

    identity: int
    kind: str
    day: int
    late: int
    minute: int
    pick: int
    cents: int


events = st.lists(
    st.builds(
        Event,
        identity=st.sampled_from(sorted(USER_OF_IDENTITY)),
        kind=st.sampled_from(KINDS),
        day=st.integers(0, 150),
        late=st.sampled_from([0, 0, 1, 30, 90]),
        minute=st.integers(0, 3),
        pick=st.integers(0, 2),
        cents=st.integers(0, 99_999),
    ),
    min_size=5,
    max_size=60,
)
profiles = st.lists(
    st.tuples(
        st.sampled_from(sorted(USER_OF_IDENTITY)),
        st.integers(0, 150),
        st.sampled_from([0, 60]),
        st.integers(0, 2),
    ),
    max_size=6,
)


def day_of(number: int) -> dt.date:
    """Day 0 is 151 days before AS_OF + 1, so that every number drawn is a day up to AS_OF."""
    return AS_OF - dt.timedelta(days=150 - number)


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

    def load(self, rows: list[Event], people: list[tuple[int, int, int, int]]) -> None:
        """Replace events and records about people, and rebuild what is made of them per day."""
        self._fill("int_events", [_event_row(place, row) for place, row in enumerate(rows)])
        self._fill("int_people", [_person_row(place, row) for place, row in enumerate(people)])
        for model in DAILY:
            self.con.execute(f"create or replace table intermediate.{model} as {self.sql[model]}")

    def keep_usable_by(self, day: dt.date, known: bool) -> None:
        """Forget what happened after ``day`` (and what was known after it), and rebuild the daily tables."""
        for table, column in (("int_events", "occurred_on"), ("int_people", "updated_on")):
            late = f"{column} > ?" + (" or known_on > ?" if known else "")
            self.con.execute(f"delete from intermediate.{table} where {late}", [day] * (1 + known))
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

    def _fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        self.con.execute(f"delete from intermediate.{table}")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            self.con.execute(
                f"insert into intermediate.{table} ({', '.join(row)}) values ({marks})", list(row.values())
            )


def _event_row(place: int, row: Event) -> dict[str, Any]:
    day = day_of(row.day)
    money = {"amount": row.cents / 100, "discount": row.pick / 10, "quantity": 1.0, "item_id": f"i{row.pick}"}
    written = {"text": TEXTS[row.pick], "tags": "deal|price" if row.pick else None}
    own: dict[str, dict[str, Any]] = {
        "purchase": money,
        "post": written,
        "survey_answer": {
            **written,
            "rating": float(row.pick),
            "subject": ("satisfaction", "intent", "other")[row.pick],
        },
    }
    web = {"subject": f"/{row.pick}", "duration_s": row.cents / 1000}
    return {
        "event_id": f"e{place:03}",
        "event_type": row.kind,
        "occurred_at": dt.datetime.combine(day, dt.time(12, row.minute)),
        "occurred_on": day,
        "known_on": day + dt.timedelta(days=row.late),
        "identity_key": row.identity,
        "session_id": f"s{row.day}-{row.pick}",
        **own.get(row.kind, web if row.kind in KINDS[3:7] else {}),
    }


def _person_row(place: int, row: tuple[int, int, int, int]) -> dict[str, Any]:
    identity, day, late, pick = row
    return {
        "person_record_id": f"p{place}",
        "updated_at": dt.datetime.combine(day_of(day), dt.time(9)),
        "updated_on": day_of(day),
        "known_on": day_of(day) + dt.timedelta(days=late),
        "identity_key": identity,
        "age_band": (None, "25-34", "35-44")[pick],
        "kids_count": ("1", None, "2")[pick],
        "consent": (True, False, None)[pick],
    }

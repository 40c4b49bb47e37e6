"""What the log names as the cause, when those that something moved get ordinary new records too.

Each case has identifiers of its own, so one warehouse, built twice, holds them all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest

from dbt_home import Home

MODELS = ("+int_events", "+int_users", "+identity_map", "+identity_changes")
#: Identifiers of one visit, by column; an ``event_id`` among them for a visit that is delivered again.
Visit = dict[str, str | None]
#: A row of the seed.
Override = tuple[str | None, ...]
#: Event, cause, and its detail.
Said = tuple[str, str, str | None]


@dataclass(frozen=True)
class Case:
    """Visits of two builds, overrides that are new to each, and what the second's log must say."""

    first: list[Visit]
    then: list[Visit]
    said: list[Said]
    overrides: list[Override] = field(default_factory=list)
    #: Overrides that are there from the start.
    stands: list[Override] = field(default_factory=list)


def visit(**carried: str | None) -> Visit:
    """A visit with these identifiers: ``cookie``, ``device``, ``email``."""
    return {name if name in ("email", "event_id") else f"{name}_id": value for name, value in carried.items()}


def two_users(name: str) -> list[Visit]:
    """One user with the mailbox a and one with b; a is the older one, and gives its name to both."""
    return [visit(cookie=f"{name}-k{one}", email=f"{one}@{name}.org") for one in "ab"]


SHARED = "cookie=shared (shared: meets 21 other identifiers)"
CASES = {
    # one device of a cookie that becomes a kiosk's also shows a new mailbox
    "blocked": Case(
        first=[visit(cookie="shared", device=f"d{number}") for number in range(1, 21)],
        then=[visit(cookie="shared", device="d21"), visit(device="d1", email="new@x.org")],
        said=[("split_from", "blocked", SHARED)] * 20 + [("created", "record", None)],
    ),
    # and where the piece that came off meets an older user: without the block it would not have come off
    "blocked and tied": Case(
        first=[
            visit(cookie="kiosk", device="kiosk-1"),
            visit(cookie="kiosk", device="kiosk-2"),
            visit(cookie="home", email="home@kiosk.org"),
        ],
        then=[visit(device="kiosk-1", email="home@kiosk.org")],
        said=[("split_from", "blocked", "cookie=kiosk (override: kiosk)")] * 2,
        overrides=[("block", "cookie", "kiosk", None, None, "kiosk")],
    ),
    "override": Case(
        first=[visit(cookie="a1", email="a@x.org"), visit(cookie="b1", email="b@x.org")],
        then=[visit(cookie="b2", email="b@x.org")],
        said=[("merged_into", "override", "together email=b@x.org + email=a@x.org: same person (Ann)")],
        overrides=[("together", "email", "a@x.org", "email", "b@x.org", "same person (Ann)")],
    ),
    "unblocked": Case(
        first=[visit(cookie="c1", email="info@x.org"), visit(cookie="c2", email="info@x.org")],
        then=[visit(cookie="c2", device="d-new")],
        said=[("merged_into", "unblocked", "email=info@x.org")] * 2,
        overrides=[("allow", "email", "info@x.org", None, None, "a family")],
    ),
    # a visit is corrected: no record ties the cookie to the mailbox any more
    "superseded": Case(
        first=[
            visit(cookie="sup-1", email="a@sup.org"),
            visit(cookie="sup-2", email="a@sup.org", event_id="corrected"),
        ],
        then=[
            visit(cookie="sup-2", email=None, event_id="corrected"),
            visit(cookie="sup-2", device="sup-new"),
        ],
        said=[("split_from", "superseded", None)],
    ),
    "one record": Case(
        first=two_users("one"),
        then=[visit(cookie="one-ka", email="b@one.org")],
        said=[("merged_into", "record", "email=b@one.org + cookie=one-ka")],
    ),
    # the ordinary record comes first by name, and is not the one to be named
    "one new cookie": Case(
        first=two_users("chain"),
        then=[
            visit(cookie="chain-0", email="b@chain.org"),
            visit(cookie="chain-n", email="a@chain.org"),
            visit(cookie="chain-n", email="b@chain.org"),
        ],
        said=[("merged_into", "record", "email=b@chain.org + cookie=chain-n")],
    ),
    "two new ones": Case(
        first=two_users("long"),
        then=[
            visit(cookie="long-0", email="b@long.org"),
            visit(cookie="long-n", email="a@long.org"),
            visit(cookie="long-n", device="long-n"),
            visit(device="long-n", email="b@long.org"),
        ],
        said=[("merged_into", "record", "email=b@long.org + device=long-n")],
    ),
    # c is tied to b only, and b to a
    "by way of a third user": Case(
        first=[*two_users("far"), visit(cookie="far-kc", email="c@far.org")],
        then=[
            visit(cookie="far-0", email="c@far.org"),
            visit(cookie="far-n", email="a@far.org"),
            visit(cookie="far-n", email="b@far.org"),
            visit(cookie="far-m", email="b@far.org"),
            visit(cookie="far-m", email="c@far.org"),
        ],
        said=[
            ("merged_into", "record", "email=b@far.org + cookie=far-n"),
            ("merged_into", "record", "email=c@far.org + cookie=far-m"),
        ],
    ),
    # c is tied to b by a record, but it is an override that ties b to a
    "beside an override": Case(
        first=[*two_users("mix"), visit(cookie="mix-kc", email="c@mix.org")],
        then=[visit(cookie="mix-n", email="b@mix.org"), visit(cookie="mix-n", email="c@mix.org")],
        said=[
            ("merged_into", "override", "together email=b@mix.org + email=a@mix.org: mixed"),
            ("merged_into", "record", "email=c@mix.org + cookie=mix-n"),
        ],
        overrides=[("together", "email", "a@mix.org", "email", "b@mix.org", "mixed")],
    ),
    # the user that lost its name to a block goes on, and takes over another one by a record
    "a new name and a record": Case(
        first=[
            visit(cookie="name-1", email="old@name.org"),
            visit(cookie="name-1", device="name-1"),
            visit(cookie="name-2", device="name-2"),
        ],
        then=[visit(cookie="name-1", device="name-2")],
        said=[
            ("merged_into", "blocked", "email=old@name.org (override: name)"),
            ("merged_into", "record", "device=name-2 + cookie=name-1"),
        ],
        overrides=[("block", "email", "old@name.org", None, None, "name")],
    ),
    # what moves is older than the user it moves to, which is called by it from then on
    "kept apart": Case(
        first=[visit(cookie="desk", email="dan@apart.org"), visit(device="eve")],
        then=[
            visit(cookie="desk", device="eve"),
            visit(cookie="desk", device="eve"),
            visit(cookie="desk-0", device="eve"),
        ],
        said=[
            ("split_from", "record", "cookie=desk + device=eve"),
            ("merged_into", "record", "device=eve + cookie=desk"),
        ],
        stands=[("apart", "email", "dan@apart.org", "device", "eve", "two people")],
    ),
}


def landed(home: Home, number: int, visits: list[Visit]) -> None:
    rows = [
        {"event_id": f"{number}-{place}", "event_type": "page_view", "page": "/"}
        | {"occurred_at": "2024-01-03T10:00:00Z"}
        | carried
        for place, carried in enumerate(visits)
    ]
    home.land(f"synthetic_web/events/{number}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert home.dbt("run", "--select", *MODELS).failed == set()


def decided(home: Home, overrides: list[Override]) -> None:
    """Add rows to the seed, as seeding an edited file would."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.executemany("insert into seeds.identity_overrides values (?, ?, ?, ?, ?, ?)", overrides)
        connection.execute("delete from ops.model_state where model = 'identity_overrides'")


def users_by_case(home: Home) -> dict[str, set[str]]:
    """Every user that identifiers of a case have ever belonged to."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select identifier_value, user_id from marts.identity_map where user_id is not null"
        ).fetchall()
    found: dict[str, set[str]] = {}
    for name, case in CASES.items():
        carried = {value for one in case.first + case.then for value in one.values() if value}
        found[name] = {user for value, user in rows if value in carried}
    return found


def changes(home: Home) -> list[tuple[str, str, str, str, str | None]]:
    """The log: id of the change, user, and what is said of it."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(
            "select change_id, user_id, event, cause, cause_detail from marts.identity_changes"
        ).fetchall()


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> dict[str, list[list[str | None]]]:
    """What the log gained with the second build, by case."""
    home = Home(tmp_path_factory.mktemp("causes"), manifest)
    assert home.dbt("seed").failed == set()
    decided(home, [row for case in CASES.values() for row in case.stands])
    landed(home, 1, [one for case in CASES.values() for one in case.first])
    decided(home, [row for case in CASES.values() for row in case.overrides])
    known = {change for change, *_ in changes(home)}
    landed(home, 2, [one for case in CASES.values() for one in case.then])
    users = users_by_case(home)
    new = [change for change in changes(home) if change[0] not in known]
    return {name: [said for _, user, *said in new if user in users[name]] for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_what_moved_the_identifiers(news: dict[str, list[list[str | None]]], name: str) -> None:
    assert sorted(map(tuple, news[name]), key=str) == sorted(CASES[name].said, key=str)

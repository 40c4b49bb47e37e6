"""Invariant 3: an unblocked identifier has exactly one user, a blocked one has none and links nobody.

The identity models are built on generated rows, and compared with a union-find that knows only the rules.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import random
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dbt_home import Home

Identifier = tuple[str, str]
#: What one record carried, and the second at which it was loaded.
Sighting = tuple[frozenset[Identifier], int]

TYPES = ("customer_id", "card", "email", "phone", "handle", "cookie", "device")  # in order of trust
LIMIT = 6
HANDLE_DEVICES = 2
VARS = json.dumps(
    {
        "identity_max_links": dict.fromkeys(TYPES, LIMIT),
        "identity_max_met": {"handle": {"device": HANDLE_DEVICES}},
    }
)
MODELS = (
    *("int_identity_evidence", "int_identifiers", "int_identity_links", "int_blocked_identifiers"),
    *("int_identity_edges", "int_identity_components", "int_identity", "int_identity_keys", "int_users"),
    "identity_map",
)
KNOWN_BAD = ("email", "test@test.com")
ROLE_MAILBOX = ("email", "info@shop.example")
ONE_DIGIT = ("phone", "+10000000000")

SHAPES = """
create schema intermediate;
create table intermediate.int_events(identity_key ubigint, {columns}, event_id varchar, occurred_at timestamp,
    _loaded_at timestamp);
create table intermediate.int_people(identity_key ubigint, {columns}, person_record_id varchar,
    updated_at timestamp, _loaded_at timestamp, first_name varchar);
create schema marts;
create table marts.identity_changes(change_id varchar);
create schema seeds;
"""


class Identities:
    """A warehouse in which only the shapes are given, and the identity models are built."""

    def __init__(self, home: Home) -> None:
        self.home = home
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute(SHAPES.format(columns=", ".join(f"{name} varchar" for name in TYPES)))
        assert self.home.dbt("seed").failed == set()

    def resolve(self, sightings: Iterable[Sighting]) -> dict[Identifier, tuple[str | None, str | None]]:
        """User and reason of blocking of every identifier, after checking what the tables must agree on."""
        keys: dict[frozenset[Identifier], int] = {}
        rows: dict[str, list[list[Any]]] = {"int_events": [], "int_people": []}
        for number, (carried, second) in enumerate(sightings):
            given_values = dict(carried)
            at = dt.datetime(2017, 1, 1) + dt.timedelta(seconds=second)
            table = "int_people" if number % 3 == 0 else "int_events"
            key = keys.setdefault(carried, len(keys) + 1)
            names = [None] if table == "int_people" else []
            rows[table].append([key, *map(given_values.get, TYPES), f"r{number}", at, at, *names])
        with duckdb.connect(str(self.home.warehouse)) as connection:
            for table, values in rows.items():
                connection.execute(f"delete from intermediate.{table}")
                columns = [list(column) for column in zip(*values, strict=True)]
                marks = ", ".join("unnest(?)" for _ in columns)
                if values:
                    connection.execute(f"insert into intermediate.{table} select {marks}", columns)
        built = self.home.dbt("run", "--select", *MODELS, "--vars", VARS)
        assert built.failed | built.skipped == set()
        found = built.rows(
            "select identifier_type, identifier_value, user_id, block_reason from marts.identity_map"
        )
        resolved = {(kind, value): (user, reason) for kind, value, user, reason in found}
        assert len(resolved) == len(found), "an identifier is in the map twice"
        users = {user for (user,) in built.rows("select user_id from intermediate.int_users")}
        assert users == {user for user, _ in resolved.values()} - {None}
        owners = dict(
            built.rows(
                "select identity_key, user_id from intermediate.int_identity_keys "
                "left join intermediate.int_users using (user_key)"
            )
        )
        for carried, key in keys.items():
            assert {owners[key]} == ({resolved[one][0] for one in carried} - {None} or {None})
        return resolved


def rules(sightings: Iterable[Sighting]) -> dict[Identifier, tuple[str | None, str | None]]:
    """What the identity models must find, by union-find: user and rule of blocking of every identifier."""
    partners: dict[Identifier, set[Identifier]] = defaultdict(set)
    first_known: dict[Identifier, tuple[int, int, str]] = {}
    for carried, second in sightings:
        for one in carried:
            partners[one] |= carried - {one}
            known = (second, TYPES.index(one[0]), one[1])
            first_known[one] = min(first_known.get(one, known), known)
    blocked = {one: rule for one, others in partners.items() if (rule := why_blocked(one, others))}

    parent = {one: one for one in partners if one not in blocked}

    def root(one: Identifier) -> Identifier:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for carried, _ in sightings:
        free = [one for one in carried if one in parent]
        for one, other in pairwise(free):
            # the root of a user is the identifier known first
            low, high = sorted((root(one), root(other)), key=first_known.__getitem__)
            parent[high] = low
    return {one: (user_id(root(one)) if one in parent else None, blocked.get(one)) for one in partners}


def why_blocked(identifier: Identifier, partners: set[Identifier]) -> str | None:
    if identifier == KNOWN_BAD:
        return "known_bad"
    if identifier == ROLE_MAILBOX:
        return "role_mailbox"
    if identifier == ONE_DIGIT:
        return "one_digit"
    if len(partners) > LIMIT:
        return "shared"
    devices = sum(kind == "device" for kind, _ in partners)
    return "crowded" if identifier[0] == "handle" and devices > HANDLE_DEVICES else None


def user_id(identifier: Identifier) -> str:
    return "u" + hashlib.md5("=".join(identifier).encode(), usedforsecurity=False).hexdigest()[:16]


def without_detail(
    resolved: dict[Identifier, tuple[str | None, str | None]],
) -> dict[Identifier, tuple[str | None, str | None]]:
    return {
        one: (user, reason.partition(":")[0] if reason else None) for one, (user, reason) in resolved.items()
    }


# A world is a handful of identifiers that meet often. Worlds share nothing but the identifiers that block.
picks = st.tuples(st.sampled_from(TYPES), st.integers(0, 3))
blocking = st.sampled_from([KNOWN_BAD, ROLE_MAILBOX, ONE_DIGIT])
worlds = st.lists(
    st.tuples(
        st.lists(picks, min_size=1, max_size=3),
        st.one_of(st.none(), st.none(), st.none(), blocking),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=9,
)


def values(kind: str, world: int, pick: int) -> str:
    """A value of a type that no other world has; ``a`` and ``B`` sort differently in some collations."""
    name = f"{'aB'[pick % 2]}{world}x{pick}"
    return {"email": f"{name}@example.org", "phone": f"+1212{world:04}{pick:03}"}.get(kind, name)


def sightings_of(drawn: list[list[tuple[list[tuple[str, int]], Identifier | None, int]]]) -> list[Sighting]:
    found = []
    for world, records in enumerate(drawn):
        for picked, extra, second in records:
            carried = {kind: values(kind, world, pick) for kind, pick in picked}
            if extra is not None:
                carried[extra[0]] = extra[1]
            found.append((frozenset(carried.items()), second))
    return found


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Identities:
    return Identities(Home(tmp_path_factory.mktemp("identities"), manifest))


@settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "5")),
    deadline=None,
    # each example is a build: shrinking would take minutes
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(drawn=st.lists(worlds, min_size=10, max_size=40), chance=st.randoms(use_true_random=False))
def test_every_identifier_has_the_user_that_the_rules_give_it(
    identities: Identities,
    drawn: list[list[tuple[list[tuple[str, int]], Identifier | None, int]]],
    chance: random.Random,
) -> None:
    sightings = sightings_of(drawn)
    chance.shuffle(sightings)
    found, expected = without_detail(identities.resolve(sightings)), rules(sightings)
    differing = {one for one in found.keys() | expected.keys() if found.get(one) != expected.get(one)}
    assert {one: (found.get(one), expected.get(one)) for one in differing} == {}


def test_the_order_of_rows_is_irrelevant(identities: Identities) -> None:
    chance = random.Random(5)  # noqa: S311 - test rows
    sightings = [
        (
            frozenset({(kind, values(kind, 0, chance.randrange(40))) for kind in chance.sample(TYPES, 2)}),
            second,
        )
        for second in range(60)
    ]
    forwards = identities.resolve(sightings)
    assert identities.resolve(sightings[::-1]) == forwards
    assert identities.resolve(sightings + sightings[:20]) == forwards


def test_a_crowd_behind_one_mailbox_stays_a_crowd(identities: Identities) -> None:
    """A shared address links its owners as long as they are few; one more, and it links nobody any more."""
    shared = ("email", "family@example.org")
    few = [(frozenset({shared, ("cookie", f"c{number}")}), number) for number in range(LIMIT)]
    assert {user for user, _ in identities.resolve(few).values()} == {user_id(shared)}
    crowd = [*few, (frozenset({shared, ("cookie", "one more")}), LIMIT)]
    resolved = identities.resolve(crowd)
    assert resolved.pop(shared) == (None, f"shared: meets {LIMIT + 1} other identifiers")
    assert len({user for user, _ in resolved.values()}) == LIMIT + 1


def test_a_user_is_named_after_the_identifier_known_first(identities: Identities) -> None:
    late_card, early_cookie, late_phone = ("card", "a"), ("cookie", "z"), ("phone", "+12125550101")
    sightings: list[Sighting] = [
        (frozenset({late_card, late_phone}), 9),
        (frozenset({early_cookie, late_phone}), 9),
        (frozenset({early_cookie}), 1),
    ]
    assert {user for user, _ in identities.resolve(sightings).values()} == {user_id(early_cookie)}
    # at the same moment the more trusted type counts
    assert {user for user, _ in identities.resolve(sightings[:2]).values()} == {user_id(late_card)}


def test_a_handle_with_too_many_devices_links_none_of_them(identities: Identities) -> None:
    """The limit per kind binds long before the one over all kinds."""
    shared = ("handle", "everybody")
    few = [(frozenset({shared, ("device", f"d{number}")}), number) for number in range(HANDLE_DEVICES)]
    assert {user for user, _ in identities.resolve(few).values()} == {user_id(shared)}
    resolved = identities.resolve([*few, (frozenset({shared, ("device", "one more")}), LIMIT)])
    assert resolved.pop(shared) == (None, f"crowded: meets {HANDLE_DEVICES + 1} of type device")
    assert len({user for user, _ in resolved.values()}) == HANDLE_DEVICES + 1

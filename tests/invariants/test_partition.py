"""Invariant 3: an unblocked identifier has exactly one user, a blocked one has none and links nobody.

The identity models are built on generated rows, and compared with a union-find that knows only the rules:
once, or batch by batch, with rows that are superseded later and overrides that come and go.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import random
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dbt_home import Built, Home

Identifier = tuple[str, str]
#: What one record carried, and the second at which it was loaded.
Sighting = tuple[frozenset[Identifier], int]
#: User and reason of blocking of every identifier.
Resolved = dict[Identifier, tuple[str | None, str | None]]

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
    *("int_identity_evidence", "int_identifiers", "int_identity_links", "int_identifier_activity"),
    *("int_identity_overrides", "int_identity_pairs", "int_blocked_identifiers", "int_identity_versions"),
    *("int_identity", "int_identity_keys", "int_users", "identity_map"),
)
KNOWN_BAD = ("email", "test@test.com")
ROLE_MAILBOX = ("email", "info@shop.example")
ONE_DIGIT = ("phone", "+10000000000")

SHAPES = """
create schema intermediate;
create table intermediate.int_sightings(identity_key ubigint, {columns}, source varchar, seen_at timestamp,
    _loaded_at timestamp, is_counted boolean, changed_in bigint);
create table intermediate.int_people(identity_key ubigint, first_name varchar, last_name varchar,
    updated_at timestamp);
create schema ops;
create table ops.landing_files(batch_id bigint, loaded_at timestamp);
create schema seeds;
"""


@dataclass(frozen=True)
class Override:
    """One row of the seed identity_overrides."""

    action: str
    one: Identifier
    other: Identifier | None = None


class Identities:
    """A warehouse in which only the rows that name somebody are given, and the identity models are built."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.keys: dict[frozenset[Identifier], int] = {}
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute(SHAPES.format(columns=", ".join(f"{name} varchar" for name in TYPES)))
        assert self.home.dbt("seed").failed == set()

    def resolve(self, sightings: Iterable[Sighting]) -> Resolved:
        """User and reason of blocking of every identifier, out of a warehouse that knew nothing."""
        self.forget_all()
        return self.take(sightings)

    def forget_all(self) -> None:
        """Begin anew: the models find no state, and replace what they made."""
        self.keys = {}
        with duckdb.connect(str(self.home.warehouse)) as connection:
            for table in ("intermediate.int_sightings", "ops.landing_files", "seeds.identity_overrides"):
                connection.execute(f"delete from {table}")
            connection.execute("delete from ops.model_state")

    def take(
        self,
        sightings: Iterable[Sighting],
        superseded: Iterable[Sighting] = (),
        overrides: Iterable[Override] = (),
    ) -> Resolved:
        """The same after a batch that also supersedes earlier rows; ``overrides`` are all that hold."""
        rows = []
        for carried, second in sightings:
            given_values = dict(carried)
            at = dt.datetime(2017, 1, 1) + dt.timedelta(seconds=second)
            key = self.keys.setdefault(carried, len(self.keys) + 1)
            rows.append([key, *map(given_values.get, TYPES), "source", at, at])
        with duckdb.connect(str(self.home.warehouse)) as connection:
            build = "(select max(build_id) + 1 from ops.builds)"
            if rows:
                columns = [list(column) for column in zip(*rows, strict=True)]
                marks = ", ".join("unnest(?)" for _ in columns)
                connection.execute(
                    f"insert into intermediate.int_sightings select {marks}, true, {build}", columns
                )
            for carried, second in superseded:
                connection.execute(
                    f"update intermediate.int_sightings set is_counted = false, changed_in = {build} "
                    "where rowid = (select min(rowid) from intermediate.int_sightings "
                    "where identity_key = ? and is_counted and _loaded_at = ?)",
                    [self.keys[carried], dt.datetime(2017, 1, 1) + dt.timedelta(seconds=second)],
                )
            connection.execute(
                "insert into ops.landing_files select coalesce(max(batch_id), 0) + 1, "
                "(select max(_loaded_at) from intermediate.int_sightings) from ops.landing_files"
            )
            connection.execute("delete from seeds.identity_overrides")
            for one in overrides:
                other = one.other or (None, None)
                connection.execute(
                    "insert into seeds.identity_overrides values (?, ?, ?, ?, ?, 'because')",
                    [one.action, *one.one, *other],
                )
        built = self.home.dbt("run", "--select", *MODELS, "--vars", VARS)
        assert built.failed | built.skipped == set()
        return self.checked(built)

    def now(self) -> dt.datetime:
        """When the last belief changed."""
        latest = "select greatest(max(known_from), max(known_to)) from marts.identity_map"
        moment: dt.datetime = Built(self.home.warehouse, {}).value(latest)
        return moment

    def believed(self, at: dt.datetime) -> dict[Identifier, str | None]:
        """User of every identifier as known at one time."""
        rows = Built(self.home.warehouse, {}).rows(
            "select identifier_type, identifier_value, user_id from marts.identity_map "
            "where known_from <= $1 and (known_to is null or known_to > $1)",
            [at],
        )
        return {(kind, value): user for kind, value, user in rows}

    def checked(self, built: Built) -> Resolved:
        """The map as it is now, after checking what the tables must agree on."""
        found = built.rows(
            "select identifier_type, identifier_value, user_id, block_reason from marts.identity_map "
            "where known_to is null"
        )
        resolved = {(kind, value): (user, reason) for kind, value, user, reason in found}
        assert len(resolved) == len(found), "an identifier is in the map twice"
        assert (
            built.rows(
                "select identifier_id, known_from from marts.identity_map where known_to <= known_from "
                "union all select identifier_id, known_from from (select *, lead(known_from) over "
                "(partition by identifier_id order by known_from) as next from marts.identity_map) "
                "where next < coalesce(known_to, 'infinity')"
            )
            == []
        ), "two beliefs about one identifier at one time"
        users = {user for (user,) in built.rows("select user_id from intermediate.int_users")}
        assert users == {user for user, _ in resolved.values()} - {None}
        owners = dict(
            built.rows(
                "select identity_key, user_id from intermediate.int_identity_keys "
                "left join intermediate.int_users using (user_key)"
            )
        )
        for carried, key in self.keys.items():
            of_members = {resolved[one][0] for one in carried if one in resolved} - {None}
            assert owners[key] in (of_members or {None})
        return resolved


def rules(
    sightings: Iterable[Sighting], superseded: Iterable[Sighting] = (), overrides: Collection[Override] = ()
) -> Resolved:
    """What the identity models must find, by union-find; ``sightings`` count, and ``superseded`` did before.

    Overrides that keep apart are left out: what they must come to is checked apart.
    """
    partners: dict[Identifier, set[Identifier]] = defaultdict(set)
    first_known: dict[Identifier, tuple[int, int, str]] = {}
    counted = list(sightings)
    for carried, second in [*counted, *superseded]:
        for one in carried:
            known = (second, TYPES.index(one[0]), one[1])
            first_known[one] = min(first_known.get(one, known), known)
    for carried, _ in counted:
        for one in carried:
            partners[one] |= carried - {one}
    decided = {override.one: override.action for override in overrides}
    blocked = {}
    for one, others in partners.items():
        rule = "override" if decided.get(one) == "block" else why_blocked(one, others)
        if rule and decided.get(one) != "allow":
            blocked[one] = rule

    parent = {one: one for one in partners if one not in blocked}

    def root(one: Identifier) -> Identifier:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    together = [(frozenset((o.one, o.other)), 0) for o in overrides if o.action == "together" and o.other]
    for carried, _ in [*counted, *together]:
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


def without_detail(resolved: Resolved) -> Resolved:
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


def examples(count: int) -> settings:
    """Each example is a build: shrinking would take minutes."""
    return settings(
        max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", count)),
        phases=[phase for phase in Phase if phase is not Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


people = given(drawn=st.lists(worlds, min_size=10, max_size=40), chance=st.randoms(use_true_random=False))


@examples(5)
@people
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


@examples(2)
@people
def test_batches_come_to_what_the_rules_give(
    identities: Identities,
    drawn: list[list[tuple[list[tuple[str, int]], Identifier | None, int]]],
    chance: random.Random,
) -> None:
    """In each batch rows come, some of them and others lose, and people change their minds."""
    identities.forget_all()
    waiting = [carried for carried, _ in sightings_of(drawn)]
    chance.shuffle(waiting)
    known = sorted({one for carried in waiting for one in carried})
    counted: list[Sighting] = []
    lost: list[Sighting] = []
    overrides: list[Override] = []
    beliefs: dict[dt.datetime, dict[Identifier, str | None]] = {}
    for batch in range(5):
        come = [(carried, 10 * batch) for carried in waiting[batch::5]]
        counted += come
        gone = chance.sample(counted, len(counted) // 6)
        overrides = [one for one in overrides if chance.random() < 0.6]
        for action in ("block", "allow", "together", "apart"):
            pair = chance.sample(known, 2)
            if {one for override in overrides for one in (override.one, override.other)}.isdisjoint(pair):
                overrides.append(
                    Override(action, pair[0], pair[1] if action in ("together", "apart") else None)
                )
        for one in gone:
            counted.remove(one)
        lost += gone
        found = without_detail(identities.take(come, gone, overrides))
        expected = rules(counted, lost, overrides)
        reasons, right = ({(one, why) for one, (_, why) in each.items()} for each in (found, expected))
        assert (reasons - right, right - reasons) == (set(), set()), f"batch {batch}: found, missed"
        kept_apart = [one for one in overrides if one.action == "apart"]
        assert settled(found, expected, counted, kept_apart) == {}, f"batch {batch}"
        beliefs[identities.now()] = {one: user for one, (user, _) in found.items()}
    for moment, then in beliefs.items():
        assert identities.believed(moment) == then, f"as known at {moment}"


def settled(
    found: Resolved, expected: Resolved, sightings: list[Sighting], apart: list[Override]
) -> dict[Identifier, tuple[str | None, str | None]]:
    """Identifiers with a wrong user: each pair is apart, and only components that held one are divided."""
    divided = set()
    for override in apart:
        assert override.other is not None
        one, other = (expected.get(end, (None, None))[0] for end in (override.one, override.other))
        if one is not None and one == other:
            divided.add(one)
            assert found[override.one][0] != found[override.other][0], override
    wrong = {}
    for one, (user, _) in expected.items():
        if user in divided:
            # no component reaches into another one
            inside = {member for member, (whole, _) in expected.items() if whole == user}
            mates = {member for member, (part, _) in found.items() if part == found[one][0]}
            if not mates <= inside:
                wrong[one] = (found[one][0], user)
        elif found[one][0] != user:
            wrong[one] = (found[one][0], user)
    return wrong

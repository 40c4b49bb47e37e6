"""Invariant 4: a user id changes only by a merge or split that `identity_changes` records.

What must be recorded follows from the map before and after a batch:

- created: none of the new user's identifiers belonged to anybody before;
- merged_into: the old id is no more, and all its identifiers that are still somebody's are one other user's;
- split_from: a user has identifiers of an old one that lives on, or that was divided among several.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from histories import Batch, Row, World, day, history
from hypothesis import given
from mart_tables import STAMP, Identifier, Table, differences, marts_of_one, users_of
from warehouses import Warehouses, all_models_but, property_of_builds, seeds, some_first_models

from dbt_home import Built

IDENTITY = ("--select", "+identity_map", "+identity_changes")
Users = Mapping[Identifier, str | None]
Event = tuple[str, str, str | None]


@pytest.fixture
def warehouses(tmp_path: Path, manifest: Any) -> Warehouses:
    return Warehouses(tmp_path, manifest)


class Life:
    """A warehouse, and what the log of changes gained with each build."""

    def __init__(self, warehouses: Warehouses) -> None:
        self.home = warehouses.new()
        self._warehouses = warehouses
        self._logged: Counter[tuple[Any, ...]] = Counter()

    def build(self, *options: str, batch: Batch | None = None) -> Built:
        return self._warehouses.built(self.home, *(options or IDENTITY), batch=batch)

    def next(self, batch: Batch) -> tuple[Users, list[Event]]:
        """Land and build ``batch``: the users, and what happened to them."""
        batch.land(self.home)
        return users_of(self.build(batch=batch)), self.news(batch)

    def news(self, batch: Batch | None = None) -> list[Event]:
        """Rows of the log that were not there when last asked; those that were must still be."""
        log = marts_of_one(Built(self.home.warehouse, {}), "identity_changes")
        now = Counter(log.rows)
        assert self._logged <= now, f"the log lost {list((self._logged - now).elements())[:3]}"
        rows = [dict(zip(log.columns, row, strict=True)) for row in (now - self._logged).elements()]
        ids = Counter(row[log.columns.index("change_id")] for row in log.rows)
        assert {one: times for one, times in ids.items() if times > 1} == {}, "a change is logged twice"
        if batch is not None and "batch_id" in log.columns:
            assert {row["batch_id"] for row in rows} <= {batch.number + 1}
        self._logged = now
        return [(row["user_id"], row["event"], row["other_user_id"]) for row in rows]


def the_map(built: Built) -> Table:
    """The map without the number of the build that wrote a row: a full refresh writes them all."""
    return marts_of_one(built, "identity_map").without({STAMP})


def what_happened(before: Users, after: Users) -> set[Event]:
    """What must be recorded between two states of the map."""
    now, was = members(after), members(before)
    events: set[Event] = set()
    for user in now.keys() - was.keys():
        if all(before.get(identifier) is None for identifier in now[user]):
            events.add((user, "created", None))
    for old, identifiers in was.items():
        heirs = {heir for identifier in identifiers if (heir := after.get(identifier)) is not None}
        if old not in now and len(heirs) == 1:
            events.add((old, "merged_into", next(iter(heirs))))
        elif old not in now and not heirs:
            events.add((old, "dissolved", None))
        else:
            events |= {(heir, "split_from", old) for heir in heirs - {old}}
    return events


def members(users: Users) -> dict[str, set[Identifier]]:
    found: defaultdict[str, set[Identifier]] = defaultdict(set)
    for identifier, user in users.items():
        if user is not None:
            found[user].add(identifier)
    return found


def explains(before: Users, after: Users, logged: list[Event], told: str) -> None:
    """The log must say what happened, once, and each id that came, went or moved must be in it."""
    expected = what_happened(before, after)
    wrong = {event: times for event, times in Counter(logged).items() if times > 1 or event not in expected}
    missing = expected - set(logged)
    shown = {
        user: {"before": sorted(members(before).get(user, ())), "after": sorted(members(after).get(user, ()))}
        for event in [*sorted(wrong, key=str)[:2], *sorted(missing, key=str)[:2]]
        for user in (event[0], event[2])
        if user is not None
    }
    assert not wrong, f"{told}: logged, but did not happen: {wrong}\n{shown}"
    assert not missing, f"{told}: happened, but was not logged: {missing}\n{shown}"
    came, went = (
        members(after).keys() - members(before).keys(),
        members(before).keys() - members(after).keys(),
    )
    events = defaultdict[str, list[str]](list)
    for user, event, _ in logged:
        events[user].append(event)
    renamed = {other for _, event, other in logged if event == "merged_into"}
    for user in came:
        # a user that goes on under another name has the row of the name it had
        assert events[user] == ["created"] or "split_from" in events[user] or user in renamed, (told, user)
    split = {old for _, event, old in logged if event == "split_from"}
    for user in went:
        left = [one for one in members(before)[user] if after.get(one) is not None]
        assert not left or events[user] == ["merged_into"] or user in split, (told, user)


@property_of_builds
@given(seed=seeds)
def test_every_change_of_a_user_id_is_explained(warehouses: Warehouses, seed: int) -> None:
    life, before = Life(warehouses), dict[Identifier, str | None]()
    told = history(random.Random(seed), batches=3, worlds=60)  # noqa: S311 - test rows
    for batch in told:
        after, logged = life.next(batch)
        explains(before, after, logged, f"seed {seed}, batch {batch.number + 1} of {len(told)}")
        before = dict(after)
    kept = {"identity_map": the_map(Built(life.home.warehouse, {}))}
    for again in ((), (*IDENTITY, "--full-refresh")):
        built = life.build(*again)
        assert life.news() == [], f"nothing new landed {again}"
        changed = differences(kept, {"identity_map": the_map(built)})
        assert changed == "", f"nothing new landed {again}\n{changed}"


@pytest.mark.parametrize("killed", ["between log and map", "anywhere"])
def test_a_killed_build_leaves_every_change_to_be_logged_once(
    warehouses: Warehouses, manifest: Any, killed: str
) -> None:
    chance = random.Random(killed)  # noqa: S311 - test rows
    first, second = history(chance, batches=2, worlds=60)
    life = Life(warehouses)
    before, _ = life.next(first)
    second.land(life.home)
    done = all_models_but(manifest, "identity_map")
    if killed == "anywhere":
        done = some_first_models(manifest, chance)
    life.build("--select", *done, batch=second)
    told = f"a build that was killed after {len(done)} models, and a whole one"
    explains(before, users_of(life.build(batch=second)), life.news(second), told)


def visits(world: World, number: int, *carried: tuple[str | None, str | None]) -> Batch:
    """A batch of visits, each by a cookie and an e-mail."""
    rows: list[Row] = [
        world.visit(
            day(9) + dt.timedelta(minutes=number),
            cookie_id=cookie and world.value("k", int(cookie)),
            email=email and world.value("email", int(email)),
        )
        for cookie, email in carried
    ]
    return Batch(number, {f"synthetic_web/events/{number}.jsonl": rows})


def test_each_kind_of_change_by_hand(warehouses: Warehouses) -> None:
    """A user is divided among several, two become one, and one loses a part."""
    divided, merged, reduced = (World(name, place) for place, name in enumerate(("many", "two", "part")))
    life = Life(warehouses)
    batches = [
        (visits(divided, 0, ("0", "0"), ("1", "0"), ("2", "0")), visits(divided, 1, ("3", "0"), ("4", "0"))),
        (visits(merged, 0, ("0", "0"), ("1", "1")), visits(merged, 1, ("0", "1"))),
        (visits(reduced, 0, ("0", "0"), ("1", "0")), visits(reduced, 1, ("0", "0"))),
    ]
    # the visit by cookie 1 turns out to have had another e-mail: its user keeps e-mail and cookie 0
    _, corrected = batches[2]
    (rows,), (early,) = (list(batch.files.values()) for batch in reversed(batches[2]))
    rows.append(early[1] | {"email": None})
    both = [Batch(n, {f"synthetic_web/events/{n}.jsonl": []}) for n in (0, 1)]
    for pair in batches:
        for whole, part in zip(both, pair, strict=True):
            for lines in part.files.values():
                next(iter(whole.files.values())).extend(lines)
    assert corrected.number == 1

    def user(users: Users, world: World, kind: str, pick: int) -> str | None:
        return users["email" if kind == "email" else "cookie", world.value(kind, pick)]

    was, logged = life.next(both[0])
    assert sorted(event for _, event, _ in logged) == ["created"] * 4
    now, logged = life.next(both[1])
    assert user(now, divided, "email", 0) is None, "five cookies are too many for the limit of these tests"
    expected: set[Event] = {
        (str(user(now, divided, "k", pick)), "split_from", user(was, divided, "email", 0))
        for pick in range(3)
    }
    expected |= {(str(user(now, divided, "k", pick)), "created", None) for pick in (3, 4)}
    first, second = (user(was, merged, "email", pick) for pick in (0, 1))
    survivor = user(now, merged, "email", 0)
    assert survivor in {first, second}
    expected |= {(str(gone), "merged_into", survivor) for gone in {first, second} - {survivor}}
    expected.add((str(user(now, reduced, "k", 1)), "split_from", user(was, reduced, "email", 0)))
    assert set(logged) == expected
    assert len(logged) == len(expected)
    assert user(now, reduced, "email", 0) == user(was, reduced, "email", 0), "who keeps the name keeps the id"


def test_the_same_delivered_again_renames_nobody(warehouses: Warehouses) -> None:
    """Nobody merged and nothing split: when a record was first known does not change by hearing it again."""
    world = World("again", 0)
    card, customer = world.value("card", 0), world.customer(0, day(30), card_id=world.value("card", 0))
    files: dict[str, list[Row]] = {
        "crm/customers/a.csv": [customer],
        "shop/transactions/a.csv": [world.line(day(20), card=0)],
        "synthetic_web/events/a.jsonl": [
            world.visit(day(10), cookie_id=world.value("k", 0), email=world.value("email", 0)),
            world.visit(day(9), cookie_id=world.value("k", 0)),
        ],
    }
    life = Life(warehouses)
    was, _ = life.next(Batch(0, files))
    assert was["card", card] is not None
    again = {name: rows for name, rows in files.items() if not name.startswith("shop")}
    again["synthetic_web/events/a.jsonl"] = files["synthetic_web/events/a.jsonl"][:1]
    now, logged = life.next(Batch(1, again))
    assert now == was, json.dumps(
        {str(one): [was[one], now.get(one)] for one in was if now.get(one) != was[one]}
    )
    assert logged == []


def test_nobody_is_known_before_the_build_that_found_them(warehouses: Warehouses) -> None:
    """A row that lost at once, or was never let in, made nobody known, however early it was loaded."""
    world = World("late", 0)
    lost, bad, right = (world.visit(day(9), cookie_id=world.value("k", pick)) for pick in range(3))
    bad |= {"occurred_at": "1999-04-01T10:00:00Z"}
    corrected = lost | {"cookie_id": right["cookie_id"]}
    life = Life(warehouses)
    first = {"synthetic_web/events/a.jsonl": [lost, bad], "synthetic_web/events/b.jsonl": [corrected]}
    was, _ = life.next(Batch(0, first))
    assert was.keys() == {("cookie", right["cookie_id"])}
    seen = [world.visit(day(5), cookie_id=row["cookie_id"]) for row in (lost, bad)]
    batch = Batch(1, {"synthetic_web/events/c.jsonl": seen})
    _, logged = life.next(batch)
    assert [event for _, event, _ in logged] == ["created"] * 2
    built = Built(life.home.warehouse, {})
    asked = "select identifier_value, known_from from marts.identity_map where identifier_value <> ?"
    assert dict(built.rows(asked, [right["cookie_id"]])) == {
        row["cookie_id"]: batch.loaded_at for row in (lost, bad)
    }
    assert (
        built.rows("select batch_id, changed_at from marts.identity_changes where batch_id = 2")
        == [(2, batch.loaded_at)] * 2
    )

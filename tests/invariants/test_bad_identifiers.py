"""The worst a batch can bring: identifiers that seem to say that strangers are one person.

Three hundred people are known and told apart. Then values arrive that hundreds or thousands share, and values
that passed from one person to the next. No user may grow beyond a household, and nobody's user id may change.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from histories import COLUMNS, Batch, Row, instant
from mart_tables import Identifier, users_of

from dbt_home import Built, Home, loading_at

PEOPLE = 300
LOGINS = 5_000
#: Four people with customer id, card, e-mail, phone, handle, cookie and device each, and a mailbox together.
HOUSEHOLD = 4 * 7 + 1

FAMILY = range(200, 204)
#: Of each pair the first had the phone number years before the second. One pair's number was known before.
HANDED_ON = ((210, 211), (220, 221))
SWITCHBOARD = range(100, 160)
#: Two people of one household each: they share a landline, at the same time.
COUPLES = tuple((number, number + 1) for number in range(280, 300, 2))

FAMILY_MAIL: Identifier = ("email", "the.family@example.org")
TEST_MAIL: Identifier = ("email", "test@test.com")
KIOSK: Identifier = ("device", "kiosk")
SWITCHBOARD_PHONE: Identifier = ("phone", "+12125550100")
NEW_NUMBER: Identifier = ("phone", "+12125550177")
NOTHING = (
    "null",
    "n/a",
    "-",
    "",
    " " * 8,
    "   unknown   ",
    "\tnone\t ",
    "\u00a0n/a\u00a0\u00a0\u00a0\u00a0\u00a0",
)

GIVEN = (
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eve",
    "Finn",
    "Gus",
    "Hana",
    "Ira",
    "Jo",
    "Kai",
    "Lea",
    "Max",
    "Nia",
    "Oz",
)
FAMILIES = (
    "Abel",
    "Byrd",
    "Cole",
    "Dorn",
    "Eck",
    "Frey",
    "Gold",
    "Hill",
    "Igo",
    "Juhl",
    "Kerr",
    "Lund",
    "Moss",
)


@dataclass(frozen=True)
class Person:
    """One of the sound three hundred."""

    number: int

    @property
    def card(self) -> str:
        return f"K{self.number}"

    @property
    def email(self) -> str:
        return f"person{self.number}@example.org"

    @property
    def phone(self) -> str:
        return f"+1646{self.number:03}{4821 + self.number}"

    @property
    def cookie(self) -> str:
        return f"cookie-{self.number}"

    @property
    def identifiers(self) -> set[Identifier]:
        own = {"customer_id": f"C{self.number}", "card": self.card, "email": self.email, "phone": self.phone}
        web = {"cookie": self.cookie, "device": f"phone-{self.number}", "handle": f"h{self.number}"}
        return {*own.items(), *web.items()}

    def record(self, updated: str, **values: str) -> Row:
        """What the CRM says about the person on a day."""
        row: Row = {
            "crm_id": f"C{self.number}",
            "first_name": GIVEN[self.number % len(GIVEN)],
            "last_name": FAMILIES[self.number % len(FAMILIES)],
            "updated_at": f"{updated} 10:00:00",
        }
        return row | values

    def visit(self, event: str, at: dt.datetime, **values: str) -> Row:
        row: Row = {"event_id": event, "event_type": "page_view", "page": "/", "occurred_at": instant(at)}
        return row | values


POPULATION = [Person(number) for number in range(PEOPLE)]
SPRING = dt.datetime(2024, 4, 2, 9)


def sound() -> Batch:
    """Everybody by seven identifiers. The CRM heard of each of them twice, years apart, by one number."""
    files: dict[str, list[Row]] = {name: [] for name in ("customers", "events", "accounts")}
    for person in POPULATION:
        n = person.number
        known = {"card_id": person.card, "email": person.email, "phone": person.phone}
        files["customers"] += [person.record("2017-03-01", **known), person.record("2023-09-01", **known)]
        if HANDED_ON[0][0] == n:
            # the one who gave the number up was last heard of when it was still hers
            files["customers"].pop()
        device = {"device_id": f"phone-{n}", "cookie_id": person.cookie}
        files["events"] += [
            person.visit(f"v{n}", SPRING, cookie_id=person.cookie, email=person.email),
            person.visit(f"d{n}", SPRING, **device),
        ]
        handle: Row = {"handle": f"h{n}", "email": person.email, "created_at": instant(SPRING)}
        files["accounts"].append(handle)
    for one, other in COUPLES:
        landline = {"phone": f"(212) 555-{3000 + one}"}
        for updated in ("2018-05-01", "2023-10-01"):
            files["customers"] += [POPULATION[n].record(updated, **landline) for n in (one, other)]
    return batch_of(0, files)


def bad() -> Batch:
    """The batch that is to do no harm."""
    customers = [person.record("2024-05-02", email=TEST_MAIL[1]) for person in POPULATION[:200]]
    customers += [
        person.record("2024-05-03", card_id=nothing, email=nothing.upper(), phone=nothing)
        for person in POPULATION[:100]
        for nothing in NOTHING[person.number % len(NOTHING) :][:1]
    ]
    customers += [POPULATION[n].record("2024-05-04", phone=SWITCHBOARD_PHONE[1]) for n in SWITCHBOARD]
    customers += [POPULATION[n].record("2024-05-05", email=FAMILY_MAIL[1]) for n in FAMILY]
    (_, heir), (before, after) = HANDED_ON
    customers.append(POPULATION[heir].record("2024-05-06", phone=POPULATION[HANDED_ON[0][0]].phone))
    customers.append(POPULATION[before].record("2018-02-01", phone=NEW_NUMBER[1]))
    customers.append(POPULATION[after].record("2024-05-06", phone=NEW_NUMBER[1]))

    events = [
        person.visit(f"n{person.number}", SPRING, cookie_id=person.cookie, device_id=nothing, email=nothing)
        for person in POPULATION[:100]
        for nothing in NOTHING
        if person.number % len(NOTHING) == NOTHING.index(nothing)
    ]
    for n in range(LOGINS):
        email = POPULATION[n].email if n < PEOPLE else f"guest{n}@example.org"
        login = {"device_id": KIOSK[1], "email": email}
        # half the time the browser of the kiosk still has its cookie
        cookie = {"cookie_id": "kiosk-browser"} if n % 2 else {}
        events.append(Person(n).visit(f"k{n}", SPRING + dt.timedelta(minutes=n), **login, **cookie))
    return batch_of(1, {"customers": customers, "events": events})


def batch_of(number: int, files: dict[str, list[Row]]) -> Batch:
    folders = {"customers": "crm", "events": "synthetic_web", "accounts": "synthetic_social"}
    named = {f"{folders[name]}/{name}/batch{number}.jsonl": rows for name, rows in files.items()}
    return Batch(number + 1, named)


@dataclass(frozen=True)
class Seen:
    """The user of each identifier before the bad batch and after it, and why some have none."""

    before: dict[Identifier, str | None]
    after: dict[Identifier, str | None]
    reasons: dict[Identifier, str]

    def users(self, number: int, but: frozenset[Identifier] = frozenset()) -> set[str | None]:
        """Whose the identifiers of one of the people are now."""
        return {self.after[one] for one in POPULATION[number].identifiers - but}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Seen:
    home = Home(tmp_path_factory.mktemp("bad_identifiers"), manifest, artefacts=False)
    first, second = sound(), bad()
    before = users_of(built(home, first))
    after = built(home, second)
    reasons = after.rows(
        "select identifier_type, identifier_value, block_reason from marts.identity_map where is_blocked"
    )
    return Seen(before, users_of(after), {(kind, value): reason for kind, value, reason in reasons})


def built(home: Home, batch: Batch) -> Built:
    land(home.landing, batch)
    with loading_at(batch.loaded_at):
        made = home.dbt(
            *("build", "--resource-type", "model", "--resource-type", "seed", "--select", "+identity_map")
        )
    assert made.failed | made.skipped == set()
    return made


def land(folder: Path, batch: Batch) -> None:
    for name, rows in batch.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = dict.fromkeys(COLUMNS[name.rpartition("/")[0]].split(","))
        path.write_text("".join(json.dumps(columns | row) + "\n" for row in rows), encoding="utf-8")


def test_the_sound_population_is_told_apart(seen: Seen) -> None:
    """Else the rest would show little."""
    owners = {person.number: {seen.before[one] for one in person.identifiers} for person in POPULATION}
    assert all(len(users) == 1 and None not in users for users in owners.values())
    assert len(set.union(*owners.values())) == PEOPLE - len(COUPLES)
    assert all(owners[one] == owners[other] for one, other in COUPLES), "who share a landline live together"


def test_no_user_outgrows_a_household(seen: Seen) -> None:
    sizes = Counter(user for user in seen.after.values() if user is not None)
    assert [(user, size) for user, size in sizes.most_common(3) if size > HOUSEHOLD] == []


def test_nobody_else_changes(seen: Seen) -> None:
    """Also not those whose records carry the bad values."""
    involved = {*FAMILY, *(n for pair in HANDED_ON for n in pair)}
    kept = set(seen.before) - {one for n in involved for one in POPULATION[n].identifiers}
    changed = {one: (seen.before[one], seen.after.get(one), seen.reasons.get(one)) for one in kept}
    changed = {one: told for one, told in changed.items() if told[0] != told[1]}
    assert changed == {}, f"{len(changed)} of {len(kept)} identifiers changed users"


@pytest.mark.parametrize(
    "value", [TEST_MAIL, KIOSK, ("cookie", "kiosk-browser"), SWITCHBOARD_PHONE], ids=lambda value: value[1]
)
def test_what_strangers_share_links_nobody(seen: Seen, value: Identifier) -> None:
    assert seen.after[value] is None
    assert seen.reasons[value]


def test_nothing_is_no_identifier(seen: Seen) -> None:
    assert [one for one in seen.after if one[1].strip().lower() in {text.strip() for text in NOTHING}] == []


def test_every_guest_of_the_kiosk_is_somebody_else(seen: Seen) -> None:
    guests = [seen.after["email", f"guest{n}@example.org"] for n in range(PEOPLE, LOGINS)]
    assert len(set(guests)) == len(guests)
    assert None not in guests
    assert not set(guests) & set(seen.before.values())


def test_a_family_may_join_and_nobody_with_it(seen: Seen) -> None:
    were = {user for n in FAMILY for user in seen.users(n)} | {seen.after[FAMILY_MAIL]}
    allowed = {seen.before["card", POPULATION[n].card] for n in FAMILY}
    assert were - {None} <= allowed
    own = set.union({FAMILY_MAIL}, *(POPULATION[n].identifiers for n in FAMILY))
    assert {one for one, user in seen.after.items() if user in allowed} <= own


@pytest.mark.parametrize("pair", HANDED_ON, ids=["a number known before", "a new number"])
def test_a_number_that_was_handed_on_joins_nobody(seen: Seen, pair: tuple[int, int]) -> None:
    """The two records that carry it are years apart, and name different people."""
    number: Identifier = NEW_NUMBER if pair == HANDED_ON[1] else ("phone", POPULATION[pair[0]].phone)
    one, other = (seen.users(n, but=frozenset({number})) for n in pair)
    assert len(one) == 1, "the first owner's own identifiers stay together"
    assert len(other) == 1, "the second owner's own identifiers stay together"
    assert one != other, f"{number} made two people one user"
    assert None not in one | other
    kept = {seen.before["card", POPULATION[n].card] for n in pair}
    assert one | other == kept, "they are called what they were called"

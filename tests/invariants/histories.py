"""Generated histories: small disjoint worlds of people, and the files of a few batches that tell of them.

A world is a handful of identifiers that meet often. Some worlds are drawn, others are told on purpose, so
that every history has a late merge, an identifier that becomes blocked, one that is free again, and so on.
People decide about identifiers on the way, and change their minds.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb

from dbt_home import Home

Row = dict[str, str | None]
#: Where a row is told: its batch and its entity.
Told = tuple[int, str, Row]
#: Instead of an entity: a row of the seed identity_overrides, which holds from its batch on.
OVERRIDE = "identity_overrides"
OVERRIDE_COLUMNS = ("action", "identifier_type", "identifier_value", "other_type", "other_value", "reason")

FIRST_LOAD = dt.datetime(2024, 5, 1, 12)
DAYS_BETWEEN_LOADS = 20
#: Low limits, so that a dozen records cross them; close cutoffs, so that there are examples to learn from.
VARS: dict[str, object] = {
    "identity_max_links": dict.fromkeys(
        ("customer_id", "card", "email", "phone", "handle", "cookie", "device"), 9
    ),
    "identity_max_met": {"email": {"customer_id": 3, "cookie": 4}, "device": {"email": 3}},
    "identity_max_given_names": {"email": 3, "phone": 3},
    "identity_max_age_days": {"cookie": 90},
    "training_min_history_days": 7,
    "training_cutoff_every_days": 14,
    "training_max_cutoffs": 4,
}
PRODUCTS = tuple(f"p{number}" for number in range(6))
DEPARTMENTS = ("GROCERY", "DRUG GM", "FUEL", "deli", None)

COLUMNS = {
    "crm/customers": "crm_id,card_id,first_name,last_name,email,phone,age,kids_count,consent,updated_at",
    "crm/campaign_contacts": "contact_id,crm_id,campaign_id,campaign_type,contacted_at",
    "shop/transactions": "basket_id,line_no,card_id,product_id,quantity,sales_value,retail_disc,"
    "transaction_timestamp",
    "shop/coupon_redemptions": "redemption_id,card_id,campaign_id,redemption_date",
    "shop/products": "product_id,department,brand,product_category",
    "synthetic_web/events": "event_id,cookie_id,device_id,email,event_type,page,product_id,dwell_ms,"
    "session_id,occurred_at",
    "synthetic_social/accounts": "handle,email,display_name,created_at",
    "synthetic_social/posts": "post_id,handle,text,tags,posted_at",
    "synthetic_social/reactions": "reaction_id,handle,kind,target,reacted_at",
    "synthetic_survey/answers": "answer_id,email,phone,question,rating,comment,channel,answered_at",
}
#: The columns by which two records are the same one; the rest is what a correction corrects.
KEYS = {
    "crm/customers": ("crm_id", "updated_at"),
    "shop/transactions": ("basket_id", "line_no"),
    "synthetic_social/accounts": ("handle", "created_at"),
}
CSV = {"crm/customers", "shop/transactions", "shop/products", "synthetic_survey/answers"}


@dataclass
class Batch:
    """The files that one build finds, by place in the landing folder, and when; and all overrides."""

    number: int
    files: dict[str, list[Row]] = field(default_factory=dict)
    overrides: list[Row] = field(default_factory=list)

    @property
    def loaded_at(self) -> dt.datetime:
        return FIRST_LOAD + self.number * dt.timedelta(days=DAYS_BETWEEN_LOADS)

    def land(self, home: Home, prefix: str = "") -> None:
        """Put the files into ``home``; a name that was there before becomes a new delivery."""
        for name, rows in self.files.items():
            folder, _, file = name.rpartition("/")
            path = home.land(f"{folder}/{prefix}{file}", written(folder, rows))
            os.utime(path, (1e9 + self.number, 1e9 + self.number))  # whatever the clock says

    def decide(self, home: Home) -> None:
        """Let the overrides of ``home`` be these, as seeding an edited file would."""
        columns = ", ".join(f"{name} varchar" for name in OVERRIDE_COLUMNS)
        rows = [[row.get(name) for name in OVERRIDE_COLUMNS] for row in self.overrides]
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute("create schema if not exists seeds")
            connection.execute(f"create or replace table seeds.{OVERRIDE} ({columns})")
            for row in rows:
                connection.execute(f"insert into seeds.{OVERRIDE} values (?, ?, ?, ?, ?, ?)", row)


def written(entity: str, rows: list[Row]) -> str:
    """The content of a file."""
    names = COLUMNS[entity].split(",")
    if entity not in CSV:
        return "".join(json.dumps({name: row.get(name) for name in names}) + "\n" for row in rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        if row.get("_cut"):
            text.write("cut off\n")  # a line that cannot be read
        else:
            writer.writerow(row)
    return text.getvalue()


def history(chance: random.Random, batches: int, worlds: int = 25, overrides: bool = True) -> list[Batch]:
    """What lands in ``batches`` batches, in order."""
    told = catalogue(chance, batches)
    for number, script in enumerate(SCRIPTS):
        told += script(World(f"s{number}", 900 + number), batches - 1)
    drawn = [World(f"w{number}", number) for number in range(worlds)]
    for world in drawn:
        told += random_world(world, chance, batches)
    decided = [(batch, row) for batch, entity, row in told if entity == OVERRIDE]
    told = [row for row in told if row[1] != OVERRIDE]
    by_file: defaultdict[tuple[int, str], list[Row]] = defaultdict(list)
    for batch, entity, row in told:
        by_file[batch, entity].append(row)
    made = [Batch(number) for number in range(batches)]
    for (batch, entity), rows in sorted(by_file.items(), key=lambda item: item[0]):
        chance.shuffle(rows)
        halves = [rows[::2], rows[1::2]] if len(rows) > 3 and chance.random() < 0.5 else [rows]
        for part, half in enumerate(halves):
            suffix = "csv" if entity in CSV else "jsonl"
            made[batch].files[f"{entity}/b{batch}_{part}.{suffix}"] = half
    for batch in range(1, batches):
        deliver_again(made, batch, chance)
    if overrides:
        decide(made, decided, drawn, chance)
    return made


def decide(
    made: list[Batch], decided: list[tuple[int, Row]], worlds: list[World], chance: random.Random
) -> None:
    """In each batch people take back some of what they decided by chance, and decide about others."""
    drawn: dict[World, Row] = {}
    for batch in made:
        drawn = {world: row for world, row in drawn.items() if chance.random() < 0.6}
        for world in worlds:
            # one to a world: two could contradict each other
            if world not in drawn and chance.random() < 0.4:
                drawn[world] = random_override(world, chance)
        batch.overrides = [row for number, row in decided if number <= batch.number] + list(drawn.values())


def deliver_again(made: list[Batch], batch: int, chance: random.Random) -> None:
    """Some earlier files come once more: under their name or another one, as they were or changed."""
    earlier = {name: rows for past in made[:batch] for name, rows in past.files.items()}
    # the scripts say who knows what when, and a whole file would tell it again; so not too many
    for name in chance.sample(sorted(earlier), k=min(len(earlier), chance.randint(1, 3))):
        rows = list(earlier[name])
        if chance.random() < 0.5:
            rows = [row for row in rows if chance.random() < 0.8] or rows
        folder, _, file = name.rpartition("/")
        again = name if chance.random() < 0.5 else f"{folder}/again{batch}_{file}"
        if again not in made[batch].files:
            made[batch].files[again] = rows


class World:
    """Identifiers and records that no other world has."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self._number = number
        self._records = 0

    def value(self, kind: str, pick: int) -> str:
        """The value of an identifier, as a source may write it."""
        if kind == "email":
            return f"{self.name}.e{pick}@example.org"
        if kind == "phone":
            return f"(212) {self._number:03}-{7310 + pick}"
        return f"{self.name}-{kind}{pick}"

    def key(self, kind: str) -> str:
        self._records += 1
        return f"{self.name}-{kind}-{self._records}"

    def customer(self, pick: int, at: dt.datetime, **values: str | None) -> Row:
        return {"crm_id": self.value("crm", pick), "updated_at": f"{at:%Y-%m-%d %H:%M:%S}"} | values

    def visit(self, at: dt.datetime, **values: str | None) -> Row:
        row: Row = {
            "event_id": self.key("v"),
            "event_type": "page_view",
            "page": "/",
            "occurred_at": instant(at),
        }
        return row | values

    def line(self, at: dt.datetime, card: int, product: str = "p1", value: str = "2.50") -> Row:
        return {
            "basket_id": self.key("b"),
            "line_no": "1",
            "card_id": self.value("card", card),
            "product_id": product,
            "quantity": "1",
            "sales_value": value,
            "retail_disc": "0.10",
            "transaction_timestamp": instant(at),
        }

    def answer(self, at: dt.datetime, **values: str | None) -> Row:
        row: Row = {
            "answer_id": self.key("a"),
            "question": "satisfaction",
            "rating": "7",
            "comment": "fine",
            "channel": "web",
            "answered_at": instant(at),
        }
        return row | values

    def override(self, action: str, *ends: tuple[str, int]) -> Row:
        kinds = {"k": "cookie", "d": "device", "crm": "customer_id"}
        row: Row = {"action": action, "reason": "because"}
        for kind, (end, pick) in zip(("identifier", "other"), ends, strict=False):
            row |= {f"{kind}_type": kinds.get(end, end), f"{kind}_value": self.value(end, pick)}
        return row


def instant(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def day(number: float) -> dt.datetime:
    """A moment so many days before the first load (after it, where negative)."""
    return FIRST_LOAD - dt.timedelta(days=number)


def catalogue(chance: random.Random, batches: int) -> list[Told]:
    """Every product but the last is in the first delivery; later ones move some to another shelf."""
    told: list[Told] = []
    for batch in range(batches):
        for product in PRODUCTS:
            first = batch == (batches - 1 if product == PRODUCTS[-1] else 0)
            if first or (batch and chance.random() < 0.4):
                row: Row = {
                    "product_id": product,
                    "department": chance.choice(DEPARTMENTS),
                    "brand": chance.choice(["Private", "National"]),
                    "product_category": chance.choice(["BREAD", "MILK", "SOAP"]),
                }
                told.append((batch, "shop/products", row))
    return told


# -- worlds told on purpose: `last` is the number of the last batch --------------------------------------


def two_become_one(world: World, last: int) -> list[Told]:
    a, b = ({"cookie_id": world.value("k", n), "email": world.value("email", n)} for n in (0, 1))
    login = {"cookie_id": a["cookie_id"], "email": b["email"]}
    web = "synthetic_web/events"
    return [
        (0, web, world.visit(day(9), **a)),
        (0, web, world.visit(day(8), **b)),
        (last, web, world.visit(day(2), **login)),
    ]


def one_becomes_two(world: World, last: int) -> list[Told]:
    """A correction takes the link between card and e-mail away."""
    email = world.value("email", 0)
    tied = world.customer(0, day(30), card_id=world.value("card", 0), email=email)
    return [
        (0, "crm/customers", tied),
        (0, "shop/transactions", world.line(day(20), card=0)),
        (0, "synthetic_web/events", world.visit(day(5), cookie_id=world.value("k", 0), email=email)),
        (last, "crm/customers", tied | {"card_id": None}),
    ]


def one_becomes_many(world: World, last: int) -> list[Told]:
    """An e-mail crosses its limit, and all that it had held together falls apart."""
    email = world.value("email", 0)
    return [
        (
            0 if pick < 3 else last,
            "synthetic_web/events",
            world.visit(day(9 - pick), cookie_id=world.value("k", pick), email=email),
        )
        for pick in range(6)
    ]


def many_become_one(world: World, last: int) -> list[Told]:
    """Too many customers have one e-mail, until the records of some are put right."""
    email = world.value("email", 0)
    records = [world.customer(pick, day(40 - pick), email=email) for pick in range(5)]
    told: list[Told] = [(0, "crm/customers", record) for record in records]
    return told + [
        (last, "crm/customers", record | {"email": world.value("email", 1 + pick)})
        for pick, record in enumerate(records[:3])
    ]


def a_name_too_many(world: World, last: int) -> list[Told]:
    """A telephone that answers to more given names than a family has."""
    phone = world.value("phone", 0)
    return [
        (
            0 if pick < 3 else last,
            "crm/customers",
            world.customer(pick, day(50 - pick), phone=phone, first_name=name),
        )
        for pick, name in enumerate(("Ann", "Bob", "Cleo", "Dan"))
    ]


def a_number_is_handed_on(world: World, last: int) -> list[Told]:
    """A telephone number that was one person's long before it became another's."""
    phone = world.value("phone", 0)
    names = (("Ann", "Fox"), ("Bob", "Hill"))
    records = [
        world.customer(pick, day(900 * (1 - pick)), phone=phone, first_name=given, last_name=family)
        for pick, (given, family) in enumerate(names)
    ]
    return [(batch, "crm/customers", record) for batch, record in zip((0, last), records, strict=True)]


def an_old_cookie(world: World, last: int) -> list[Told]:
    """The early record arrives late, and makes the cookie older than any browser keeps it."""
    ends = {"cookie_id": world.value("k", 0), "device_id": world.value("d", 0)}
    early = world.visit(day(110), cookie_id=ends["cookie_id"], device_id=world.value("d", 1))
    return [(0, "synthetic_web/events", world.visit(day(2), **ends)), (last, "synthetic_web/events", early)]


def the_same_answer_twice(world: World, last: int) -> list[Told]:
    """The one that counted is corrected, so that the other one counts again."""
    content = {"email": world.value("email", 0), "phone": world.value("phone", 0)}
    one, other = world.answer(day(6), **content), world.answer(day(6), rating="3", **content)
    answers = "synthetic_survey/answers"
    return [(0, answers, one), (last // 2, answers, other), (last, answers, other | {"question": "intent"})]


def a_name_goes(world: World, last: int) -> list[Told]:
    """The identifier that named the user was a mistake."""
    visit = world.visit(day(4), cookie_id=world.value("k", 0), device_id=world.value("d", 0))
    told: list[Told] = [(0, "synthetic_web/events", visit)]
    return [*told, (last, "synthetic_web/events", visit | {"cookie_id": None})]


def a_late_purchase(world: World, last: int) -> list[Told]:
    """It is older than everything before: examples for learning start earlier for everybody."""
    lines = [world.line(day(10), 0), world.line(day(7), 0, product=PRODUCTS[-1]), world.line(day(115), 0)]
    # not in the last batch: one that works out everybody's features anew mends whatever was forgotten
    return [(batch, "shop/transactions", line) for batch, line in zip((0, 0, last // 2), lines, strict=True)]


def a_step_moves(world: World, last: int) -> list[Told]:
    """One step of a session turns out to have been another day's, another person's and another session's."""
    shared = {"cookie_id": world.value("k", 0), "session_id": world.key("s")}
    steps = [world.visit(day(12) + dt.timedelta(minutes=n), **shared) for n in range(3)]
    steps[2]["event_type"] = "checkout"
    moved: Row = {
        "cookie_id": world.value("k", 1),
        "session_id": world.key("s"),
        "occurred_at": instant(day(11)),
    }
    told: list[Told] = [(0, "synthetic_web/events", step) for step in steps]
    return [*told, (last, "synthetic_web/events", steps[1] | moved)]


def a_session_is_shared(world: World, last: int) -> list[Told]:
    """Two people without a cookie share two sessions; a late step ends one, and begins the other."""
    told: list[Told] = []
    for late in (20, -10):
        session = world.key("s")
        for batch, pick, minute in ((0, 0, 0), (0, 1, 10), (last, 0, late)):
            at = day(9) + dt.timedelta(minutes=minute)
            step = world.visit(at, email=world.value("email", pick), session_id=session)
            told.append((batch, "synthetic_web/events", step))
    return told


def some_deeds_were_others(world: World, last: int) -> list[Told]:
    """Of two purchases, posts and contacts of one person, one each turns out to have been another's."""
    told: list[Told] = []
    for number in range(2):
        at = instant(day(14 + number))
        posted: Row = {
            "post_id": world.key("p"),
            "handle": world.value("h", 0),
            "text": "deal",
            "posted_at": at,
        }
        contact: Row = {"contact_id": world.key("t"), "crm_id": world.value("crm", 0), "contacted_at": at}
        rows: list[tuple[str, Row, Row]] = [
            ("shop/transactions", world.line(day(14 + number), card=0), {"card_id": world.value("card", 1)}),
            ("synthetic_social/posts", posted, {"handle": world.value("h", 1)}),
            ("crm/campaign_contacts", contact, {"crm_id": world.value("crm", 1)}),
        ]
        for entity, row, moved in rows:
            told.append((0, entity, row))
            if number:
                told.append((last, entity, row | moved))
    return told


def a_record_goes_bad(world: World, last: int) -> list[Told]:
    """One record is mended, and a sound one comes again unreadable: what was sound goes on to count."""
    sound, broken = world.line(day(3), 0), world.line(day(2), 1)
    cut: Row = {"_cut": "yes"}
    rows = [(0, sound), (0, broken | {"sales_value": "?!"}), (last, sound | {"quantity": "many"})]
    rows += [(last, broken), (last, cut)]
    return [(batch, "shop/transactions", row) for batch, row in rows]


def two_share_a_machine(world: World, last: int) -> list[Told]:
    """Two people are kept apart, and one of them is seen again on the machine that is thought the other's."""
    ends = [{"device_id": world.value("d", 0), "email": world.value("email", pick)} for pick in (0, 0, 1, 1)]
    told: list[Told] = [
        (batch, "synthetic_web/events", world.visit(day(9 - number), **carried))
        for number, (batch, carried) in enumerate(zip((0, 0, 0, last), ends, strict=True))
    ]
    return [*told, (0, OVERRIDE, world.override("apart", ("email", 0), ("email", 1)))]


def a_part_of_a_record_moves(world: World, last: int) -> list[Told]:
    """One of two identifiers that are kept apart joins a user known longer, and takes their records along."""
    first, email, cookie = world.value("email", 0), world.value("email", 1), world.value("k", 0)
    visits = [{"email": first}, {"email": email, "cookie_id": cookie}, {"email": first, "cookie_id": cookie}]
    told: list[Told] = [
        (batch, "synthetic_web/events", world.visit(day(9 - number), **carried))
        for number, (batch, carried) in enumerate(zip((0, 0, last), visits, strict=True))
    ]
    return [*told, (0, OVERRIDE, world.override("apart", ("email", 1), ("k", 0)))]


SCRIPTS: tuple[Callable[[World, int], list[Told]], ...] = (
    *(two_become_one, one_becomes_two, one_becomes_many, many_become_one, a_name_too_many, an_old_cookie),
    a_number_is_handed_on,
    some_deeds_were_others,
    *(the_same_answer_twice, a_name_goes, a_late_purchase, a_step_moves, a_record_goes_bad),
    *(two_share_a_machine, a_part_of_a_record_moves, a_session_is_shared),
)


# -- worlds by chance --------------------------------------------------------------------------------

ENTITIES = (
    *(
        "synthetic_web/events",
        "synthetic_web/events",
        "synthetic_web/events",
        "crm/customers",
        "crm/customers",
    ),
    *("shop/transactions", "shop/transactions", "shop/transactions", "synthetic_social/accounts"),
    *("synthetic_social/posts", "synthetic_survey/answers", "synthetic_survey/answers"),
    *("crm/campaign_contacts", "shop/coupon_redemptions", "synthetic_social/reactions"),
)


def random_world(world: World, chance: random.Random, batches: int) -> list[Told]:
    """Records in any batch, and corrections of some of them in the same batch or a later one."""
    told: list[Told] = []
    for _ in range(chance.randint(4, 20)):
        batch, entity = chance.randrange(batches), chance.choice(ENTITIES)
        row = random_row(world, entity, batch, chance)
        told.append((batch, entity, row))
        while chance.random() < 0.3:
            batch = chance.randrange(batch, batches)
            keys = KEYS.get(entity, (COLUMNS[entity].split(",")[0],))
            told.append(
                (batch, entity, random_row(world, entity, batch, chance) | {key: row[key] for key in keys})
            )
    return told


def random_override(world: World, chance: random.Random) -> Row:
    """Mostly about two identifiers that may have met."""
    ends = [("email", 3), ("k", 5), ("d", 2), ("crm", 3), ("card", 3), ("handle", 2)]
    among = [(kind, pick) for kind, picks in ends for pick in range(picks)]
    action = chance.choice(["apart", "apart", "apart", "together", "block", "allow"])
    return world.override(action, *chance.sample(among, 2 if action in ("apart", "together") else 1))


def random_row(world: World, entity: str, batch: int, chance: random.Random) -> Row:
    """A record that is mostly sound; it happened shortly before it landed, or long before."""

    def some(kind: str, among: int, always: float = 0.6) -> str | None:
        if chance.random() < always:
            return world.value(kind, chance.randrange(among))
        return chance.choice([None, "", "n/a"])

    back = chance.choice([chance.uniform(0, DAYS_BETWEEN_LOADS), chance.uniform(0, 100)])
    at = (FIRST_LOAD + dt.timedelta(days=batch * DAYS_BETWEEN_LOADS - back)).replace(microsecond=0)
    when = chance.choice([instant(at)] * 15 + ["2024-02-30 10:00:00", "2100-01-01 00:00:00", ""])
    match entity:
        case "crm/customers":
            return {
                "crm_id": some("crm", 3, 0.97),
                "card_id": some("card", 3),
                "first_name": chance.choice(["Ann", "Bob", "Cleo", "Dan", "Eve", ""]),
                "last_name": chance.choice(["Fox", "Fox", "Hill", None]),
                "email": (some("email", 3) or "").upper(),
                "phone": some("phone", 3),
                "age": chance.choice(["25-34", "35-44", None]),
                "kids_count": chance.choice(["1", "2", None]),
                "consent": chance.choice(["yes", "no", ""]),
                "updated_at": when,
            }
        case "crm/campaign_contacts":
            keys = {"contact_id": world.key("t"), "crm_id": some("crm", 3, 0.9), "campaign_id": "1"}
            return keys | {"contacted_at": when}
        case "shop/transactions":
            line = world.line(at, 0, chance.choice(PRODUCTS), f"{chance.uniform(-3, 60):.2f}")
            basket = world.value("basket", chance.randrange(4))
            changes = {"card_id": some("card", 3, 0.95), "transaction_timestamp": when}
            if chance.random() < 0.5:
                changes |= {"basket_id": basket, "line_no": str(chance.randrange(3))}
            return line | changes
        case "shop/coupon_redemptions":
            keys = {"redemption_id": world.key("r"), "card_id": some("card", 3, 0.9), "campaign_id": "1"}
            return keys | {"redemption_date": when}
        case "synthetic_web/events":
            return world.visit(
                at,
                cookie_id=some("k", 5, 0.9),
                device_id=some("d", 2, 0.4),
                email=some("email", 3, 0.5),
                event_type=chance.choice(
                    ["page_view", "click", "add_to_cart", "checkout", "Page_View", "jump"]
                ),
                page=chance.choice(["/", "/a", "/b"]),
                product_id=chance.choice([*PRODUCTS, None]),
                dwell_ms=chance.choice(["1500", "90", None]),
                session_id=chance.choice([world.value("s", chance.randrange(3)), None]),
                occurred_at=when,
            )
        case "synthetic_social/accounts":
            shown = chance.choice(["Ann Fox", "Bob", ""])
            account = {"handle": some("handle", 2, 0.95), "email": some("email", 3)}
            return account | {"display_name": shown, "created_at": when}
        case "synthetic_social/posts":
            text = chance.choice(["Great price, fresh fruit", "slow service", None])
            post = {"post_id": world.key("p"), "handle": some("handle", 2, 0.95), "text": text}
            return post | {"tags": chance.choice(['["deal", "price"]', None]), "posted_at": when}
        case "synthetic_social/reactions":
            reaction = {"reaction_id": world.key("l"), "handle": some("handle", 2, 0.95), "target": "x"}
            return reaction | {"kind": chance.choice(["like", "follow", "hate"]), "reacted_at": when}
        case "synthetic_survey/answers":
            # few moments, so that two answers can be the same
            moment = FIRST_LOAD - dt.timedelta(days=chance.randrange(1, 3))
            return world.answer(
                moment,
                email=some("email", 2, 0.8),
                phone=some("phone", 2, 0.5),
                question=chance.choice(["satisfaction"] * 5 + ["intent", "other"]),
                rating=chance.choice(["3", "9", "3", "9", "11"]),
            )
    raise AssertionError(entity)

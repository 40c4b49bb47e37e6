"""`profilectl why` and identifiers that are all but alike, look like a name, or drive a terminal."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from dbt_home import Home

CUSTOMERS = """crm_id,card_id,email,phone,updated_at
12-345-678,K1,ann@example.org,(212) 555-0123,2017-03-01
12345678,K2,bob@example.org,,2017-03-01
"""
COOKIES = {
    "ABC": "ann", "abc": "bob", "small": "ann",
    "email=ann@example.org": "bob", "email=gone@example.org": "bob", "utm=Spring": "bob",
    "two\nlines": "ann",
}  # fmt: skip
ANN, BOB = "email=ann@example.org", "email=bob@example.org"
RED = "\x1b[31mred"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    home = Home(tmp_path_factory.mktemp("odd"), manifest)
    home.land("crm/customers/customers.csv", CUSTOMERS)
    seen = [{"cookie_id": cookie, "email": f"{who}@example.org"} for cookie, who in COOKIES.items()]
    seen += [{"device_id": RED, "email": f"{who}@example.org"} for who in ("ann", "bob")]
    visits = [
        visit | {"event_id": f"v{number}", "event_type": "page_view", "page": "/"}
        | {"occurred_at": "2017-05-01T10:00:00Z"}
        for number, visit in enumerate(seen)
    ]  # fmt: skip
    home.land("synthetic_web/events/visits.jsonl", "".join(json.dumps(visit) + "\n" for visit in visits))
    assert home.dbt("seed").failed == set()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.executemany(
            "insert into seeds.identity_overrides values (?, ?, ?, ?, ?, ?)",
            [
                ("block", "device", RED, None, None, "at the\x1b[2J counter"),
                ("apart", *ANN.split("="), *BOB.split("="), "two\x1b[2J people"),
            ],
        )
    assert home.dbt("run", "--select", "+int_events", "+int_users", "+identity_map").failed == set()
    return home


@pytest.mark.parametrize(
    ("text", "named"),
    [
        *((name, name) for name in ("cookie=ABC", "cookie=abc", "customer_id=12-345-678")),
        ("ABC", "cookie=ABC"),
        ("abc", "cookie=abc"),
        ("12-345-678", "customer_id=12-345-678"),
        ("12345678", "customer_id=12345678"),
        ("Cookie = ABC", "cookie=ABC"),
    ],
)
def test_what_is_named_exactly_is_not_taken_for_what_is_spelled_alike(
    call: Any, home: Home, text: str, named: str
) -> None:
    assert named_by(call, text) == named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ann@Example.org", ANN),
        ("email= Ann@Example.org ", ANN),
        ("SMALL", "cookie=small"),
        ("212.555.0123", "phone=+12125550123"),
        ("phone=00 1 212 555 0123", "phone=+12125550123"),
    ],
)
def test_what_nothing_is_named_exactly_is_found_by_its_spellings(
    call: Any, home: Home, text: str, named: str
) -> None:
    assert named_by(call, text) == named


@pytest.mark.parametrize("text", ["cookie=SMALL", "customer_id=1-2345678", "email=12345678", "cookie=Abc"])
def test_a_type_takes_only_the_spellings_that_staging_makes_one(call: Any, home: Home, text: str) -> None:
    assert f"no user or identifier {text!r}" in call("why", text).stderr


def test_a_spelling_of_several_says_how_to_name_each(call: Any, home: Home) -> None:
    failed = call("why", " ABC").stderr
    choices = failed.partition("choose one: ")[2].split()
    assert choices == ["cookie=ABC", "cookie=abc"]
    assert [named_by(call, choice) for choice in choices] == choices


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ANN, ANN),
        ("email=Ann@Example.org", ANN),
        (f"cookie={ANN}", f"cookie={ANN}"),
        # nobody has this address, and `utm` is no type
        ("email=gone@example.org", "cookie=email=gone@example.org"),
        ("utm=Spring", "cookie=utm=Spring"),
    ],
)
def test_a_type_and_value_is_not_taken_for_a_value_that_looks_so(
    call: Any, home: Home, text: str, named: str
) -> None:
    assert named_by(call, text) == named


def named_by(call: Any, text: str) -> str:
    said = call("why", text, "K1", "--json")
    assert said.exit_code == 0, said.stderr
    one = json.loads(said.stdout)["one"]
    return f"{one['type']}={one['value']}"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("two\nlines", "K1"), "cookie=two\\nlines and card=K1 are u"),
        ((RED, "K1"), "device=\\x1b[31mred links nobody (override: at the\\x1b[2J counter)"),
        ((RED,), "device=\\x1b[31mred is blocked (override: at the\\x1b[2J counter)"),
        (
            ("K1", "K2"),
            "both meet device=\\x1b[31mred, which links nobody (override: at the\\x1b[2J counter)",
        ),
        (("K1", "K2"), f"an override keeps {ANN} and {BOB} apart: two\\x1b[2J people"),
        (("K1", "\x1b[2J"), r"no user or identifier '\x1b[2J'"),
    ],
)
def test_nothing_in_data_drives_the_terminal(
    call: Any, home: Home, names: tuple[str, ...], said: str
) -> None:
    result = call("why", *names)
    assert said in result.output
    assert all(line.isprintable() for line in result.output.split("\n"))


@pytest.mark.parametrize("text", ["\udcff\udcfe", "cookie=\udcff", "\udcff=ABC"])
@pytest.mark.parametrize("command", [("why",), ("why", "K1"), ("identity", "preview", "--block")])
def test_bytes_that_are_no_text_name_nothing(
    call: Any, home: Home, command: tuple[str, ...], text: str
) -> None:
    """Python hands on what it cannot decode as surrogates, which DuckDB cannot take."""
    failed = call(*command, text)
    assert failed.exit_code == 1
    assert f"error: no user or identifier {text!r}" in failed.stderr

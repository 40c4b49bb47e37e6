"""Seeds that a person has edited: what could never take effect fails the build, and says what to write."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import PROJECT, Home

WRONG = {
    "apart,card,K1,,,reason": "needs the type and the value of each identifier",
    "together,card,K1,card,K1,reason": "names one identifier twice",
    "block,e-mail,ann@x.org,,,r": "the type e-mail is none of customer_id, card, email",
    "block,email,Ann@X.org ,,,r": "write ann@x.org for Ann@X.org ",
    "block,email,ann,,,r": "ann cannot be of type email",
    "allow,phone,(212) 555-0101,,,r": "write +12125550101 for (212) 555-0101",
    "together,card,K1,handle,Ann,r": "write ann for Ann",
    "block,card,K1,card,K2,r": "block takes one identifier: leave other_type and other_value empty",
    "blok,card,K1,,,x": "the action blok is none of block, allow, together, apart",
    "Apart,card,K3,card,K4,x": "the action Apart is none of block, allow, together, apart",
    ",card,K1,,,x": "needs an action: block, allow, together, apart",
    "block,card,K1,,,": "needs a reason",
    "block,card,K1,,, ": "needs a reason",
}
#: The same identifiers under actions that do not exclude each other are no contradiction.
RIGHT = [
    "block,email,ann@x.org,,,r",
    "allow,phone,+12125550101,,,r",
    "apart,card,K1,card,K2,r",
    "together,card,K1,handle,ann,r",
    "allow,card,K1,,,r",
    "apart,card,K2,card,K1,said twice",
]
CHECKS = ("test", "--select", "identity_overrides", "blocked_identifiers", "role_mailboxes")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    home = Home(tmp_path_factory.mktemp("seeds"), manifest)
    assert home.dbt("seed").failed == set()
    return home


def fill(home: Home, seed: str, *lines: str) -> None:
    """Let the seed hold these lines, as seeding an edited file would."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(f"delete from seeds.{seed}")
        for line in lines:
            values = [value or None for value in line.split(",")]
            marks = ", ".join("?" for _ in values)
            connection.execute(f"insert into seeds.{seed} values ({marks})", values)


def said(home: Home) -> str:
    results = json.loads((home.target / "run_results.json").read_text(encoding="utf-8"))["results"]
    return " ".join(one["message"] or "" for one in results if one["status"] != "pass")


@pytest.mark.parametrize("line", WRONG)
def test_an_override_that_can_never_hold_fails_and_says_why(home: Home, line: str) -> None:
    fill(home, "identity_overrides", *RIGHT, line)
    assert home.dbt(*CHECKS).failed == {"identity_overrides_name_identifiers"}
    assert WRONG[line] in said(home)
    named = ",".join(value for value in line.split(",")[:5] if value)
    assert f'row "{named}"' in said(home)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("allow,email,bob@x.org,,,r", "block,email,bob@x.org,,,s"),
        ("apart,card,K3,card,K4,r", "together,card,K3,card,K4,r"),
        ("apart,card,K4,card,K3,r", "together,card,K3,card,K4,r"),
    ],
)
def test_overrides_that_contradict_each_other_fail_and_both_are_named(
    home: Home, first: str, second: str
) -> None:
    fill(home, "identity_overrides", *RIGHT, first, second)
    assert home.dbt(*CHECKS).failed == {"identity_overrides_name_identifiers"}
    one, other = (",".join(value for value in line.split(",")[:5] if value) for line in (first, second))
    assert f'row "{one}": contradicts row "{other}", keep one of them' in said(home)


RING = "together,email,d@x.org,card,A,r"
CHAIN = ["together,card,A,card,B,r", "together,card,C,card,B,r", "together,card,C,email,d@x.org,r"]


@pytest.mark.parametrize(
    ("rows", "apart", "chain"),
    [
        (CHAIN, "apart,card,A,card,C", CHAIN[:2]),
        (CHAIN, "apart,card,C,card,A", CHAIN[1::-1]),
        (CHAIN, "apart,email,d@x.org,card,A", CHAIN[::-1]),
        # Of a ring both ways round are named where they are equally long, else the shorter one.
        ([*CHAIN, RING], "apart,card,B,email,d@x.org", [CHAIN[0], CHAIN[1], CHAIN[2], RING]),
        ([*CHAIN, RING.replace("A", "E"), "together,card,E,card,A,r"], "apart,card,A,card,C", CHAIN[:2]),
    ],
)
def test_an_override_that_several_others_contradict_together_fails_and_all_are_named(
    home: Home, rows: list[str], apart: str, chain: list[str]
) -> None:
    fill(home, "identity_overrides", *RIGHT, *rows, f"{apart},r")
    assert home.dbt(*CHECKS).failed == {"identity_overrides_never_tie_what_is_kept_apart"}
    [told] = re.findall(rf'row "{apart}": contradicts rows (.*), which tie the two together', said(home))
    assert told == ", ".join(f'"{row.removesuffix(",r")}"' for row in chain)


def test_sound_overrides_pass(home: Home) -> None:
    fill(home, "identity_overrides", *RIGHT)
    assert home.dbt(*CHECKS).failed == set()
    # Who is kept apart from somebody may be tied to others, in a ring, too.
    fill(home, "identity_overrides", *RIGHT, *CHAIN, RING, "apart,card,A,card,E,r", "apart,card,E,card,F,r")
    assert home.dbt(*CHECKS).failed == set()


def test_a_blocked_value_needs_a_reason(home: Home) -> None:
    fill(home, "identity_overrides")
    fill(home, "blocked_identifiers", "card,K1,")
    assert home.dbt(*CHECKS).failed == {"blocked_identifiers_are_identifiers"}
    assert 'row "card,K1": needs a reason' in said(home)


def test_a_blocked_value_must_be_one_that_can_be_met(home: Home) -> None:
    fill(home, "identity_overrides")
    fill(home, "blocked_identifiers", "phone,555-555-5555,x")
    assert home.dbt(*CHECKS).failed == {"blocked_identifiers_are_identifiers"}
    assert 'row "phone,555-555-5555": write +15555555555 for 555-555-5555' in said(home)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("Bob", "write bob for Bob"),
        (" bob ", "write bob for  bob "),
        ("Bob@X.org", "write bob for Bob@X.org, only what stands before the @ counts"),
        ("@x.org", "@x.org cannot stand before the @ of an address"),
        ("front desk", "front desk cannot stand before the @ of an address"),
    ],
)
def test_a_role_mailbox_must_be_one_that_can_be_met(home: Home, given: str, problem: str) -> None:
    fill(home, "identity_overrides")
    fill(home, "blocked_identifiers")
    fill(home, "role_mailboxes", "bob.b", "info+x", given)
    assert home.dbt(*CHECKS).failed == {"role_mailboxes_are_local_parts"}
    assert f'row "{given}": {problem}' in said(home)
    fill(home, "role_mailboxes", "bob.b", "info+x", "bob")
    assert home.dbt(*CHECKS).failed == set()


def test_seeds_hold_texts_whatever_they_look_like(manifest: Any) -> None:
    """A list of telephone numbers would else be numbers, without their plus."""
    seeds = [node for node in manifest.nodes.values() if node.resource_type == "seed"]
    assert {seed.name for seed in seeds} == {file.stem for file in (PROJECT / "seeds").glob("*.csv")}
    for seed in seeds:
        file = Path(PROJECT / "seeds" / f"{seed.name}.csv").read_text(encoding="utf-8")
        typed = dict.fromkeys(file.splitlines()[0].split(","), "varchar")
        assert seed.config.column_types == typed, seed.name

"""`profilectl why` and `identity health`: Ann and Bob once used the same machine as sixty others."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import Home

CUSTOMERS = """crm_id,card_id,email,updated_at
C1,K1,ann@example.org,2017-03-01
C1,K2,,2017-03-02
C2,K9,bob@example.org,2017-03-01
"""
VISITS = [
    {"event_id": "v1", "cookie_id": "ck1", "email": "Ann@Example.org", "occurred_at": "2017-05-02T10:00:00Z"},
    {"event_id": "v2", "cookie_id": "ck1", "email": "ann@example.org", "occurred_at": "2017-05-01T10:00:00Z"},
]
ANN, BOB = "customer_id=C1", "customer_id=C2"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    home = Home(tmp_path_factory.mktemp("why"), manifest)
    visits = [dict(visit, event_type="page_view", page="/") for visit in VISITS]
    # more people at one kiosk than any household has
    for number in range(60):
        email = ("ann@example.org", "bob@example.org", f"guest{number}@example.org")[min(number, 2)]
        visits.append(
            {
                "event_id": f"k{number}",
                "device_id": "kiosk",
                "email": email,
                "event_type": "page_view",
                "page": "/",
                "occurred_at": "2017-06-01T10:00:00Z",
            }
        )
    home.land("crm/customers/customers.csv", CUSTOMERS)
    home.land("synthetic_web/events/visits.jsonl", "".join(json.dumps(visit) + "\n" for visit in visits))
    assert home.dbt("seed").failed == set()
    assert (
        home.dbt("run", "--select", "+int_events", "+int_users", "+identity_map", "+identity_changes").failed
        == set()
    )
    return home


@pytest.fixture
def why(call: Any) -> Any:
    return partial(call, "why")


@pytest.fixture
def health(call: Any) -> Any:
    return partial(call, "identity", "health")


def test_two_identifiers_and_the_records_between(why: Any) -> None:
    found = json.loads(why("K2", "ck1", "--json").stdout)
    assert found["linked"]
    steps = [(step["identifier"], step["other"], step["file"], step["row"]) for step in found["chain"]]
    assert steps == [
        ("card=K2", ANN, "crm/customers/customers.csv", 2),
        (ANN, "email=ann@example.org", "crm/customers/customers.csv", 1),
        # of the two visits the earlier one is the evidence
        ("email=ann@example.org", "cookie=ck1", "synthetic_web/events/visits.jsonl", 2),
    ]
    assert [step["records"] for step in found["chain"]] == [1, 1, 2]


def test_a_whole_user_starts_from_the_identifier_that_named_it(why: Any, home: Home) -> None:
    found = json.loads(why("ck1", "--json").stdout)
    assert (found["named_by"]["type"], found["named_by"]["value"]) == ("customer_id", "C1")
    reached = {step["other"] for step in found["chain"]}
    assert reached == {"card=K1", "card=K2", "email=ann@example.org", "cookie=ck1"}
    assert json.loads(why(found["user_id"], "--json").stdout) == found


def test_what_keeps_two_users_apart(why: Any) -> None:
    said = why("ann@example.org", "bob@example.org")
    assert "no record ties them" in said.stdout
    assert "both meet device=kiosk, which links nobody (shared: meets 60 other identifiers)" in said.stdout


def test_a_blocked_identifier_says_so(why: Any) -> None:
    assert why("kiosk", BOB).stdout.startswith("device=kiosk links nobody (shared:")
    assert "blocked (shared: meets 60" in why("kiosk").stderr


def test_an_identifier_and_itself(why: Any) -> None:
    found = json.loads(why("K1", "card=K1", "--json").stdout)
    assert found["linked"]
    assert found["chain"] == []


@pytest.mark.parametrize("name", ["nobody@example.org", "email=K1", "cookie=", ""])
def test_an_unknown_name(why: Any, name: str) -> None:
    assert f"no user or identifier {name!r}" in why(name, "K1").stderr


def test_no_warehouse_yet(why: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROFILECTL_WAREHOUSE", str(tmp_path / "none.duckdb"))
    assert "there is no warehouse" in why("a", "b").stderr


def test_health_counts_users_and_whom_a_blocked_identifier_would_join(health: Any) -> None:
    found = json.loads(health("--json").stdout)
    # Ann, Bob, 58 guests; the kiosk is nobody
    assert found["users"] == 60
    assert found["identifiers"] == 5 + 3 + 58
    assert found["single_identifier_share"] == pytest.approx(58 / 60)
    assert found["sizes"] == [
        {"identifiers": 1, "users": 58},
        {"identifiers": 3, "users": 1},
        {"identifiers": 5, "users": 1},
    ]
    assert [user["identifiers"] for user in found["largest"]] == [5, 3, 1, 1, 1]
    assert [(row["created"], row["merged"], row["split"]) for row in found["churn"]] == [(60, 0, 0)]
    kiosk = {"type": "device", "value": "kiosk", "reason": "shared: meets 60 other identifiers"}
    assert found["blocked"] == [kiosk | {"would_join": 60}]
    assert found["stitching"] is None


def test_the_report_counts_whom_blocked_identifiers_would_join_and_names_none(call: Any, home: Home) -> None:
    assert call("report", "--live").exit_code == 0
    page = (home.folder / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="identity"') : page.index('<section id="features"')]
    assert '<td>device</td><td>shared</td><td class="right">1</td><td class="right">60</td>' in section
    assert "kiosk" not in section
    assert "@" not in section


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_health_against_a_truth_table(health: Any, tmp_path: Path, suffix: str) -> None:
    """In truth Ann's cards are two people, one of them a guest: right is 1 pair of 2 found, of 2 true."""
    rows = [("card", "K1", 1), ("card", "K2", 2), ("card", "K9", 3), ("email", "bob@example.org", 3)]
    rows.append(("email", "guest5@example.org", 1))
    values = ", ".join(f"('{kind}', '{value}', '{person}')" for kind, value, person in rows)
    file = tmp_path / f"truth.{suffix}"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (from (values {values}) as t(identifier_type, identifier_value, person_id)) to '{file}'"
        )
    score = json.loads(health("--truth", str(file), "--json").stdout)["stitching"]
    assert (score["precision"], score["recall"], score["f1"]) == (0.5, 0.5, 0.5)
    said = health("--truth", str(file)).stdout
    assert "precision 0.5000, recall 0.5000, f1 0.5000" in said
    assert "truth        5 identifiers, 0 unresolved\n" in said


def test_health_says_how_much_of_the_truth_it_could_not_judge(health: Any, tmp_path: Path) -> None:
    file = tmp_path / "TRUTH.CSV"
    file.write_text(
        "identifier_type,identifier_value,person_id\n"
        "email,ANN@example.org,1\ncard,K1,1\ncard,K2,1\ncard,K2,2\ncard,nobody's,2\ndevice,kiosk,3\n"
    )
    said = health("--truth", str(file)).stdout
    assert "recall 1.0000" in said
    assert "truth        4 identifiers, 2 unresolved; 1 of several people left out\n" in said


def test_health_says_what_a_truth_table_lacks(health: Any, tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("identifier_type,value\ncard,K1\n")
    said = health("--truth", str(file)).stderr
    assert "is not a truth table" in said
    assert "it needs the columns identifier_type, identifier_value, person_id" in said
    assert "there is no file" in health("--truth", str(tmp_path / "none.csv")).stderr

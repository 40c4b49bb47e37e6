"""Overrides, set and taken back: only the users concerned change, and `identity preview` says beforehand how."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner
from typer.testing import CliRunner

from dbt_home import Home
from profilectl.app import app

CUSTOMERS = """crm_id,card_id,email,updated_at
C1,K1,ann@example.org,2017-03-01
C1,K2,,2017-03-02
C2,K9,bob@example.org,2017-03-01
"""
#: Dan and Eve share a machine; a role mailbox was used on two others.
VISITS = [
    ("desk", "dan@example.org"),
    ("desk", "dan@example.org"),
    ("desk", "eve@example.org"),
    ("left", "info@example.org"),
    ("right", "info@example.org"),
    ("right", "fay@example.org"),
]
MODELS = ("+int_events", "+int_users", "+identity_map", "+identity_changes")
DAN, EVE, INFO = (f"email={name}@example.org" for name in ("dan", "eve", "info"))
ANN, BOB = "email=ann@example.org", "email=bob@example.org"


@dataclass(frozen=True)
class State:
    """What identifiers there are, and whose."""

    owner: dict[str, str | None]
    log: set[tuple[Any, ...]]

    @property
    def users(self) -> dict[str, set[str]]:
        """Identifiers of every user."""
        found = defaultdict(set)
        for identifier, user in self.owner.items():
            if user:
                found[user].add(identifier)
        return found


def state(home: Home) -> State:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        owner = connection.execute(
            "select identifier_type || '=' || identifier_value, user_id from marts.identity_map where known_to is null"
        ).fetchall()
        log = connection.execute(
            "select change_id, event, user_id, other_user_id, cause, cause_detail from marts.identity_changes"
        ).fetchall()
    return State(dict(owner), set(log))


def override(home: Home, *rows: tuple[str, ...]) -> None:
    """Let the overrides be ``rows``, as seeding an edited file would."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from seeds.identity_overrides")
        for action, *names in rows:
            ends = [part for name in names for part in name.split("=")]
            ends += [None] * (4 - len(ends))
            connection.execute(
                "insert into seeds.identity_overrides values (?, ?, ?, ?, ?, 'preview')", [action, *ends]
            )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    home = Home(tmp_path_factory.mktemp("overrides"), manifest)
    home.land("crm/customers/customers.csv", CUSTOMERS)
    visits = [
        {"event_id": f"v{number}", "cookie_id": cookie, "email": email, "event_type": "page_view", "page": "/"}
        | {"occurred_at": f"2017-05-0{number + 1}T10:00:00Z"}
        for number, (cookie, email) in enumerate(VISITS)
    ]
    home.land("synthetic_web/events/visits.jsonl", "".join(json.dumps(visit) + "\n" for visit in visits))
    assert home.dbt("seed").failed == set()
    assert home.dbt("run", "--select", *MODELS).failed == set()
    return home


@pytest.fixture
def call(home: Home, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in (home.environment | {"COLUMNS": "200"}).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def preview(call: Any, manifest: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    # parsing would be most of it
    monkeypatch.setattr("dbt.cli.main.dbtRunner", partial(dbtRunner, manifest=manifest))

    def said(*options: str) -> Any:
        result = call("identity", "preview", "--examples", "100", "--json", *options)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return said


def check(predicted: Any, before: State, after: State) -> None:
    """The preview and the change that a build made afterwards are the same."""
    was, now = before.users, after.users
    assert (predicted["users_before"], predicted["users_after"]) == (len(was), len(now))
    changed = {user for user in was.keys() | now.keys() if was.get(user) != now.get(user)}
    assert predicted["users_touched"] == len(changed)
    for side, users in (("before", was), ("after", now)):
        for case in predicted["examples"]:
            for user in case[side]:
                assert set(user["some"]) <= users[user["user_id"]]
                assert user["identifiers"] == len(users[user["user_id"]])
    news = after.log - before.log
    told = {user for _, _, *both, _, _ in news for user in both if user}
    in_cases = [user["user_id"] for case in predicted["examples"] for side in ("before", "after") for user in case[side]]
    assert set(in_cases) == told
    assert {(case["cause"], case["cause_detail"]) for case in predicted["examples"]} <= {
        (cause, detail or "") for *_, cause, detail in news
    }
    gone = {name for name, user in after.owner.items() if user is None and before.owner[name]}
    back = {name for name, user in before.owner.items() if user is None and after.owner[name]}
    for title, names in (("blocked", gone), ("unblocked", back)):
        assert {f"{row['type']}={value}" for row in predicted[title] for value in row["some"]} == names


CASES = {
    "block": ([("block", "cookie=desk"), ("block", "customer_id=C2")], {DAN, EVE, "cookie=desk", BOB, "card=K9", "customer_id=C2"}),
    "allow": ([("allow", INFO)], {INFO, "cookie=left", "cookie=right", "email=fay@example.org"}),
    "together": ([("together", ANN, BOB)], {ANN, "card=K1", "card=K2", "customer_id=C1", BOB, "card=K9", "customer_id=C2"}),
    "apart": ([("apart", DAN, EVE)], {DAN, EVE, "cookie=desk"}),
}
KINDS = {
    "block": {"split": 1, "renamed": 1},
    "allow": {"merged": 1},
    "together": {"merged": 1},
    "apart": {"split": 1},
}


@pytest.mark.parametrize("action", CASES)
def test_an_override_set_and_taken_back(home: Home, preview: Any, action: str) -> None:
    rows, concerned = CASES[action]
    start = state(home)
    options = [part for action, *names in rows for part in (f"--{action}", *names)]
    predicted = preview(*options)
    assert state(home) == start
    assert not list((home.folder / "tmp").iterdir())
    override(home, *rows)
    assert home.dbt("run", "--select", *MODELS).failed == set()
    done = state(home)
    assert {kind: number for kind, number in predicted["cases"].items() if number} == KINDS[action]
    check(predicted, start, done)
    print("SET", sorted(done.log - start.log))
    assert {name for name in start.owner if start.owner[name] != done.owner[name]} <= concerned

    # the project's own file has no overrides: the preview is that of taking them back
    predicted = preview()
    override(home)
    assert home.dbt("run", "--select", *MODELS).failed == set()
    undone = state(home)
    check(predicted, done, undone)
    assert undone.owner == start.owner
    print("BACK", sorted(undone.log - done.log))

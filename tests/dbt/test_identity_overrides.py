"""Overrides, set and taken back: only users concerned change, and `identity preview` says beforehand how."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from dbt_home import PROJECT, Home
from profilectl import identity_preview

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
    ("slip", "new@example.org"),
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
            "select identifier_type || '=' || identifier_value, user_id from marts.identity_map "
            "where known_to is null"
        ).fetchall()
        log = connection.execute(
            "select change_id, event, user_id, other_user_id, cause, cause_detail from marts.identity_changes"
        ).fetchall()
    return State(dict(owner), set(log))


def built_with(home: Home, *rows: tuple[str, ...]) -> None:
    """Let the overrides be ``rows``, as seeding an edited file would, and build."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from seeds.identity_overrides")
        connection.execute("delete from ops.model_state where model = 'identity_overrides'")
        for action, *names in rows:
            ends = [part for name in names for part in name.split("=")]
            ends += [None] * (4 - len(ends))
            connection.execute(
                "insert into seeds.identity_overrides values (?, ?, ?, ?, ?, 'preview')", [action, *ends]
            )
    assert home.dbt("run", "--select", *MODELS).failed == set()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    home = Home(tmp_path_factory.mktemp("overrides"), manifest)
    home.land("crm/customers/customers.csv", CUSTOMERS)
    # delivered once more: only the later row counts
    superseded = {"event_id": f"v{len(VISITS) - 1}", "cookie_id": "slip", "email": "old@example.org"}
    visits = [
        {
            "event_id": f"v{number}",
            "cookie_id": cookie,
            "email": email,
            "event_type": "page_view",
            "page": "/",
        }
        | {"occurred_at": f"2017-05-0{number + 1}T10:00:00Z"}
        for number, (cookie, email) in enumerate(VISITS)
    ]
    visits.insert(0, visits[-1] | superseded)
    home.land("synthetic_web/events/visits.jsonl", "".join(json.dumps(visit) + "\n" for visit in visits))
    assert home.dbt("seed").failed == set()
    assert home.dbt("run", "--select", *MODELS).failed == set()
    return home


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
    in_cases = [
        user["user_id"]
        for case in predicted["examples"]
        for side in ("before", "after")
        for user in case[side]
    ]
    assert set(in_cases) == told
    assert {(case["cause"], case["cause_detail"]) for case in predicted["examples"]} <= {
        (cause, detail or "") for *_, cause, detail in news
    }
    gone = {name for name, user in after.owner.items() if user is None and before.owner[name]}
    back = {name for name, user in before.owner.items() if user is None and after.owner[name]}
    for title, names in (("blocked", gone), ("unblocked", back)):
        assert {f"{row['type']}={value}" for row in predicted[title] for value in row["some"]} == names


CASES = {
    "block": (
        [("block", "cookie=desk"), ("block", "customer_id=C2")],
        {DAN, EVE, "cookie=desk", BOB, "card=K9", "customer_id=C2"},
    ),
    "allow": ([("allow", INFO)], {INFO, "cookie=left", "cookie=right", "email=fay@example.org"}),
    "together": (
        [("together", ANN, BOB)],
        {ANN, "card=K1", "card=K2", "customer_id=C1", BOB, "card=K9", "customer_id=C2"},
    ),
    "apart": ([("apart", DAN, EVE)], {DAN, EVE, "cookie=desk"}),
}
ANN_BOB, DAN_EVE = f"together {BOB} + {ANN}", f"apart {EVE} + {DAN}"
#: Causes that the log gives.
SET = {
    "block": {("blocked", f"{name} (override: preview)") for name in ("cookie=desk", "customer_id=C2")},
    "allow": {("unblocked", INFO)},
    "together": {("override", f"{ANN_BOB}: preview")},
    "apart": {("override", f"{DAN_EVE}: preview")},
}
TAKEN_BACK = {
    "block": {("unblocked", "cookie=desk"), ("unblocked", "customer_id=C2")},
    "allow": {("blocked", f"{INFO} (role_mailbox: info)")},
    "together": {("override", f"{ANN_BOB}: taken back")},
    "apart": {("override", f"{DAN_EVE}: taken back")},
}
#: What `why` answers about two identifiers while the override holds.
WHY = {
    "block": ("cookie=desk", DAN, "cookie=desk links nobody (override: preview)"),
    "allow": ("left", "right", "cookie=left and cookie=right are u"),
    "together": (ANN, BOB, "override: preview"),
    "apart": (DAN, EVE, f"kept apart\nan override keeps {DAN} and {EVE} apart: preview"),
}
KINDS = {
    "block": {"split": 1, "renamed": 1},
    "allow": {"merged": 1},
    "together": {"merged": 1},
    "apart": {"split": 1},
}


@pytest.mark.parametrize("action", CASES)
def test_an_override_set_and_taken_back(home: Home, call: Any, preview: Any, action: str) -> None:
    rows, concerned = CASES[action]
    start = state(home)
    options = [part for action, *names in rows for part in (f"--{action}", *names)]
    predicted = preview(*options)
    assert state(home) == start
    assert not list((home.folder / "tmp").iterdir())
    built_with(home, *rows)
    done = state(home)
    assert {kind: number for kind, number in predicted["cases"].items() if number} == KINDS[action]
    check(predicted, start, done)
    assert {(cause, detail) for *_, cause, detail in done.log - start.log} == SET[action]
    assert {name for name in start.owner if start.owner[name] != done.owner[name]} <= concerned
    *names, answer = WHY[action]
    assert answer in call("why", *names).stdout
    if action == "together":
        [step] = json.loads(call("why", *names, "--json").stdout)["chain"]
        assert (step["override"], step["file"], step["records"]) == ("preview", None, 0)
        assert "override: preview" in call("why", BOB).stdout
        newest = json.loads(call("identity", "health", "--json").stdout)["causes"][0]
        assert (newest["event"], newest["cause"], newest["changes"]) == ("merged_into", "override", 1)

    # the project's own file has no overrides: the preview is that of taking them back
    predicted = preview()
    built_with(home)
    undone = state(home)
    check(predicted, done, undone)
    assert undone.owner == start.owner
    assert {(cause, detail) for *_, cause, detail in undone.log - done.log} == TAKEN_BACK[action]


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ([("together", ANN, BOB), ("together", DAN, "email=fay@example.org")], {"merged": 2}),
        ([("apart", DAN, EVE), ("apart", "card=K1", "card=K2")], {"split": 2}),
        ([("apart", DAN, EVE), ("together", ANN, BOB)], {"split": 1, "merged": 1}),
    ],
)
def test_a_preview_of_several_pairs(
    home: Home, preview: Any, rows: list[tuple[str, ...]], kinds: dict[str, int]
) -> None:
    start = state(home)
    predicted = preview(*(part for action, *names in rows for part in (f"--{action}", *names)))
    assert {kind: number for kind, number in predicted["cases"].items() if number} == kinds
    built_with(home, *rows)
    check(predicted, start, state(home))
    built_with(home)
    assert state(home).owner == start.owner


@pytest.mark.parametrize("option", ["--together", "--apart"])
def test_a_pair_of_one(call: Any, option: str) -> None:
    for rest in ([DAN], [DAN, EVE, option, DAN]):
        failed = call("identity", "preview", option, *rest)
        assert failed.exit_code == 2
        assert f"{option}: takes two identifiers" in failed.stderr


BLOCKED = "{} (override: preview)"


@pytest.mark.parametrize(
    ("stands", "comes", "said"),
    [
        # the only identifiers that anybody has of a user
        (
            [],
            [("block", "email=new@example.org"), ("block", "cookie=slip")],
            ("dissolved", "blocked", BLOCKED.format("cookie=slip")),
        ),
        # two that were held together before leave together
        (
            [("together", "card=K1", "card=K2")],
            [("block", "customer_id=C1")],
            ("merged_into", "blocked", BLOCKED.format("customer_id=C1")),
        ),
        # one that held others together
        (
            [("together", "card=K2", BOB)],
            [("block", "card=K2")],
            ("split_from", "blocked", BLOCKED.format("card=K2")),
        ),
    ],
)
def test_the_log_names_what_changed(
    home: Home, stands: list[tuple[str, ...]], comes: list[tuple[str, ...]], said: tuple[str, str, str]
) -> None:
    start = state(home)
    for rows in (stands, stands + comes):
        before = state(home)
        built_with(home, *rows)
    news = state(home).log - before.log
    assert {(event, cause, detail) for _, event, _, _, cause, detail in news} == {said}
    built_with(home)
    assert state(home).owner == start.owner


def test_a_user_that_a_rule_lets_in_was_created_by_no_record(home: Home, preview: Any) -> None:
    start = state(home)
    built_with(home, ("block", "email=new@example.org"), ("block", "cookie=slip"))
    blocked = state(home)
    predicted = preview()
    built_with(home)
    free = state(home)
    check(predicted, blocked, free)
    assert free.owner == start.owner
    news = {(event, cause, detail) for _, event, _, _, cause, detail in free.log - blocked.log}
    assert news == {("created", "unblocked", "cookie=slip")}


def test_a_record_moved_what_two_who_are_kept_apart_share(home: Home, manifest: Any, tmp_path: Path) -> None:
    """Both users live on, and no record was superseded: it is the new ones that weigh more."""
    copy = Home(tmp_path / "copy", manifest)
    shutil.copyfile(home.warehouse, copy.warehouse)
    built_with(copy, ("apart", DAN, EVE))
    before = state(copy)
    visits = [
        {"event_id": f"e{number}", "cookie_id": "desk", "email": "eve@example.org", "event_type": "page_view"}
        | {"page": "/", "occurred_at": "2017-06-01T10:00:00Z"}
        for number in range(2)
    ]
    copy.land("synthetic_web/events/more.jsonl", "".join(json.dumps(visit) + "\n" for visit in visits))
    assert copy.dbt("run", "--select", *MODELS).failed == set()
    after = state(copy)
    assert (before.owner["cookie=desk"], after.owner["cookie=desk"]) == (before.owner[DAN], after.owner[EVE])
    news = {(event, cause, detail) for _, event, _, _, cause, detail in after.log - before.log}
    assert news == {("split_from", "record", f"cookie=desk + {EVE}")}


def test_what_is_left_of_a_record_stays_together(home: Home, manifest: Any, tmp_path: Path) -> None:
    """Both are kept apart from the oldest identifier of their record, and not from each other."""
    copy = Home(tmp_path / "copy", manifest)
    shutil.copyfile(home.warehouse, copy.warehouse)
    built_with(copy, ("apart", "customer_id=C1", "card=K1"), ("apart", ANN, "customer_id=C1"))
    after = state(copy)
    assert {"card=K1", ANN} in after.users.values()
    assert {"customer_id=C1", "card=K2"} in after.users.values()


def test_a_blocked_identifier_that_still_has_a_user_fails_the_build(
    home: Home, manifest: Any, tmp_path: Path
) -> None:
    copy = Home(tmp_path / "copy", manifest)
    shutil.copyfile(home.warehouse, copy.warehouse)
    with duckdb.connect(str(copy.warehouse)) as connection:
        connection.execute(
            "insert into intermediate.int_blocked_identifiers by name select identifier_id,"
            " 'shared: by hand' as block_reason, 0 as changed_in from marts.identity_map"
            " where identifier_value = 'dan@example.org'"
        )
        connection.execute("delete from ops.model_state where model = 'identity_map'")
    assert copy.dbt("build", "--select", "identity_map").failed == {"one_user_unless_blocked_identity_map_"}


def test_a_limit_lowered_and_raised_again(home: Home, preview: Any) -> None:
    rule = ("--vars", "{identity_max_links: {email: 1, cookie: 1}}")
    start = state(home)
    predicted = preview(*rule)
    assert home.dbt("run", *rule, "--select", *MODELS).failed == set()
    lowered = state(home)
    assert predicted["cases"]["split"]
    check(predicted, start, lowered)
    predicted = preview()
    assert home.dbt("run", "--select", *MODELS).failed == set()
    raised = state(home)
    check(predicted, lowered, raised)
    assert raised.owner == start.owner


STATE = "select definition, value, epoch, parents from ops.model_state where model = ? order by all"


@pytest.mark.parametrize(
    ("options", "rule"),
    [(("--apart", DAN, EVE), None), (("--vars", "{identity_max_links: {email: 1, cookie: 1}}"), "shared")],
)
def test_the_preview_is_an_update(
    home: Home, preview: Any, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], rule: str | None
) -> None:
    """The partition knows its definition and its parents again, so it solves only what is touched."""
    seen: list[Any] = []
    compare = identity_preview.compare

    def watched(connection: duckdb.DuckDBPyConnection, examples: int) -> Any:
        for model in ("int_identity_versions", "int_blocked_identifiers"):
            seen.extend(connection.execute(STATE, [model]).fetchall())
        return compare(connection, examples)

    monkeypatch.setattr("profilectl.identity_preview.compare", watched)
    found = preview(*options)
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        versions, blocked = (
            connection.execute(STATE, [model]).fetchall()
            for model in ("int_identity_versions", "int_blocked_identifiers")
        )
    assert seen[:1] == versions
    assert (seen[1:] == blocked) == (rule is None)
    assert {row["rule"] for row in found["blocked"]} == ({rule} if rule else set())


def test_a_preview_that_fails_leaves_nothing(
    home: Home, call: Any, preview: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profilectl.identity_preview.compare", lambda *_: 1 / 0)
    assert isinstance(call("identity", "preview").exception, ZeroDivisionError)
    assert not list((home.folder / "tmp").iterdir())
    said = call("identity", "preview", "--vars", "{identity_max_age_days: {cookie: nonsense}}").stderr
    assert "the preview failed at model int_blocked_identifiers" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--block", "email=nobody@example.org"), "no user or identifier 'email=nobody@example.org'"),
        (("--vars", "{a: ["), "--vars is not YAML or JSON"),
        (("--vars", "identity_max_links"), "--vars is not a mapping"),
        (("--vars", "{identity_max_link: {}}"), "the project has no var 'identity_max_link'"),
        *(
            (("--vars", f"{{{name}: {value}}}"), f"a preview cannot tell what this var changes: '{name}'")
            for name, value in (("earliest_event", "2017-05-04"), ("identifier_types", "[card, email]"))
        ),
    ],
)
def test_what_a_preview_cannot_do(call: Any, options: tuple[str, ...], said: str) -> None:
    failed = call("identity", "preview", *options)
    assert failed.exit_code == 1
    assert said in failed.stderr


def test_a_var_that_yaml_reads_as_a_day(call: Any, preview: Any) -> None:
    said = call("identity", "preview", "--vars", "{identity_max_age_days: {cookie: 2001-01-01}}").stderr
    assert "the preview failed at model int_blocked_identifiers" in said


def test_before_anything_is_built(call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROFILECTL_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    assert "there is no warehouse" in call("identity", "preview").stderr
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    assert "no identities yet" in call("identity", "preview").stderr


def test_an_edited_seed(call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    with (project / "seeds" / "identity_overrides.csv").open("a") as seed:
        seed.write("apart,email,dan@example.org,email,eve@example.org,two people\n")
        seed.write("block,email,zoe@example.org,,,asked for it\n")
    shutil.copy(PROJECT.parent / "profiles.yml", tmp_path)
    said = call("identity", "preview", "--project-dir", str(project)).stdout
    assert "users        6 -> 7, 2 touched" in said
    assert "split, identifiers that move: 1 (override: apart" in said
    assert "nobody has seen email=zoe@example.org" in said
    with (project / "seeds" / "identity_overrides.csv").open("a") as seed:
        seed.write("block,email,Zoe@Example.org,,,asked for it\n")
    failed = call("identity", "preview", "--project-dir", str(project)).stderr
    assert "write zoe@example.org for Zoe@Example.org" in " ".join(failed.split())


def test_an_identifier_that_only_superseded_records_carry(call: Any) -> None:
    said = "no record carries email=old@example.org any more"
    assert said in call("why", "old@example.org").stderr
    assert "links nobody (no record carries it any more)" in call("why", "old@example.org", "slip").stdout
    chain = json.loads(call("why", "slip", "--json").stdout)["chain"]
    assert [(step["identifier"], step["other"]) for step in chain] == [
        ("email=new@example.org", "cookie=slip")
    ]

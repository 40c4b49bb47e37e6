"""What the history costs and survives, and how a person asks it: Ann, and Bob who turns out to be Ann too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import Built, Home, invoke
from profilectl import publishing
from profilectl.project import Paths

CUSTOMERS = """crm_id,card_id,email,first_name,updated_at
C1,K1,ann@example.org,Ann,2017-03-01
C2,K2,bob@example.org,Bob,2017-03-02
C3,K3,cleo@example.org,Cleo,2017-03-03
"""
LINE = "basket_id,line_no,card_id,product_id,quantity,sales_value,transaction_timestamp\n"
PARTS = ("profiles", "purchases", "windows", "visits", "scores", "segments")
OPEN = 2147483647
STATES = " union all ".join(
    f"select '{part}' as part, user_id, from_build, to_build from history.history_{part}" for part in PARTS
)
FEATURES = (
    "select * exclude (valid_from, valid_to, recorded_at) from marts.user_features_history"
    " where valid_from = ?"
)


def line(basket: str, card: str, amount: float, day: str) -> str:
    return f"{basket},1,{card},p1,1,{amount},{day}T15:00:00Z\n"


@pytest.fixture(scope="module")
def first_day(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    """Three customers, as built for 1 June."""
    home = Home(tmp_path_factory.mktemp("history"), manifest, artefacts=False)
    home.extra = {"PROFILECTL_AS_OF": "2017-06-01"}
    home.land("crm/customers/customers.csv", CUSTOMERS)
    lines = [
        line("b1", "K1", 10, "2017-05-02"),
        line("b2", "K1", 4, "2017-05-30"),
        line("b3", "K2", 7, "2017-04-20"),
    ]
    home.land("shop/transactions/2017-05.csv", LINE + "".join(lines))
    assert home.build().failed == set()
    return home


@pytest.fixture
def home(first_day: Home, tmp_path: Path, manifest: Any) -> Home:
    """A copy of that home, for one test."""
    shutil.copytree(first_day.folder, tmp_path / "home")
    home = Home(tmp_path / "home", manifest, artefacts=False)
    home.extra = dict(first_day.extra)
    return home


def built(home: Home, day: str = "2017-06-01") -> Built:
    home.extra["PROFILECTL_AS_OF"] = day
    done = home.build()
    assert done.failed | done.skipped == set()
    return done


def emails(found: Built, day: str) -> dict[str, str]:
    """Users of a day by their e-mail."""
    rows = found.rows(
        "select email, user_id from marts.user_profile_history"
        " where valid_from <= ? and coalesce(valid_to > ?, true)",
        [day, day],
    )
    return {str(email): str(user) for email, user in rows}


def test_a_build_with_nothing_new_writes_no_state(home: Home) -> None:
    before = Built(home.warehouse, {})
    states, build = (
        before.rows(f"{STATES} order by all"),
        before.value("select build_id from history.history_days"),
    )
    after = built(home)
    assert after.rows(f"{STATES} order by all") == states
    assert after.value("select build_id from history.history_days") > build


def test_only_those_whose_state_changed_are_written(home: Home) -> None:
    home.land("shop/transactions/more.csv", LINE + line("b9", "K3", 50, "2017-05-31"))
    after = built(home)
    (cleo,) = after.rows("select user_id from marts.dim_users where email = 'cleo@example.org'")[0]
    newest = "(select max(build_id) from ops.builds)"
    assert set(after.rows(f"select user_id, part from ({STATES}) as s where from_build = {newest}")) == {
        (cleo, part) for part in ("profiles", "purchases", "windows")
    }
    # the day has one state only: the earlier one was never a day's last
    assert after.value(f"select count(*) from ({STATES}) as s where to_build <> {OPEN}") == 0


def test_a_day_that_goes_by_leaves_clocks_alone(home: Home) -> None:
    after = built(home, "2017-06-02")
    newest = "(select max(build_id) from ops.builds)"
    moved = f"select count(*) from history.history_purchases where from_build = {newest}"
    assert after.value(moved) == 0
    ages = after.rows(
        "select valid_from::varchar, recency_days, tenure_days from marts.user_features_history"
        " where recency_days is not null order by recency_days, valid_from"
    )
    assert ages == [
        ("2017-06-01", 2.0, 31.0),
        ("2017-06-02", 3.0, 32.0),
        ("2017-06-01", 42.0, 43.0),
        ("2017-06-02", 43.0, 44.0),
    ]


def test_what_the_last_build_saw_holds_now_although_another_day_was_taken_for_today(home: Home) -> None:
    built(home, "2017-06-05")
    home.land("shop/transactions/late.csv", LINE + line("b9", "K3", 8, "2017-06-02"))
    found = built(home, "2017-06-03")
    now = "select user_id, spend_91d from marts.user_profile_history where valid_to is null order by 1"
    profiles = found.rows("select user_id, spend_91d from marts.user_profile order by 1")
    assert found.rows(now) == profiles
    assert found.rows("select max(valid_from)::varchar from marts.user_profile_history") == [("2017-06-03",)]
    assert built(home, "2017-06-05").rows(now) == profiles


def test_values_that_no_rule_gives_back_are_kept_as_they_are(home: Home) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "update marts.user_features set recency_days = 1.5, spend_ewma_1w = 0.123456789012,"
            " spend_tenure_28d = 3 where has_purchase"
        )
        connection.execute("update ops.model_state set value = 'another' where model like 'history%'")
        said = connection.execute(
            "select * exclude (changed_in) from marts.user_features order by user_id"
        ).fetchall()
    done = home.dbt("run", "--select", "history")
    assert done.failed == set()
    assert done.value("select count(*) from history.history_purchases where is_raw") == 2
    assert done.rows(f"{FEATURES} order by user_id", ["2017-06-01"]) == said


def test_a_feature_that_is_new_is_unknown_before_and_a_full_refresh_forgets_nothing(home: Home) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        before = connection.execute(
            FEATURES.replace("recorded_at", "recorded_at, lines_28d"), ["2017-06-01"]
        ).fetchall()
        connection.execute("alter table history.history_windows drop column lines_28d")
    home.extra["PROFILECTL_AS_OF"] = "2017-06-02"
    after = home.dbt("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    assert after.failed == set()
    asked = FEATURES.replace("recorded_at", "recorded_at, lines_28d")
    assert sorted(after.rows(asked, ["2017-06-01"]), key=str) == sorted(before, key=str)
    lines = "select lines_28d from marts.user_features_history where valid_from = ? order by 1"
    assert after.rows(lines, ["2017-06-01"]) == [(None,)] * 3
    assert after.rows(lines, ["2017-06-02"]) == [(0,), (0,), (1,)]


def test_a_column_that_becomes_text_is_told_as_text_of_every_day(home: Home, tmp_path: Path) -> None:
    """As it was before a model changed: the number of children was a number, in the history and its view."""
    with duckdb.connect(str(home.warehouse)) as connection:
        ((view,),) = connection.execute(
            "select sql from duckdb_views() where view_name = 'user_profile_history'"
        ).fetchall()
        connection.execute("alter table history.history_profiles alter kids_count type integer")
        connection.execute("update history.history_profiles set kids_count = 2 where email like 'ann%'")
        connection.execute(view.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"))
        connection.execute("update ops.model_state set value = 'another' where model = 'history_profiles'")
    paths = Paths.from_environment(home.environment)
    publishing.publish(paths)
    home.land(
        "crm/customers/kids.csv",
        CUSTOMERS.splitlines()[0] + ",kids_count\nC2,K2,bob@example.org,Bob,2017-05-02,3 or more\n",
    )
    kids = (
        "select valid_from::varchar, email, kids_count from marts.user_profile_history where kids_count > ''"
    )
    said = [("2017-06-01", "ann@example.org", "2"), ("2017-06-02", "bob@example.org", "3 or more")]
    assert sorted(built(home, "2017-06-02").rows(kids)) == said
    assert not publishing.publish(paths).is_whole
    with duckdb.connect(str(paths.published.resolve()), read_only=True) as connection:
        assert sorted(connection.execute(kids).fetchall()) == said


def test_a_merged_user_is_told_until_the_merge(home: Home, call: Any) -> None:
    bob = emails(Built(home.warehouse, {}), "2017-06-01")["bob@example.org"]
    home.land(
        "crm/customers/again.csv", CUSTOMERS.splitlines()[0] + "\nC1,K1,bob@example.org,Ann,2017-06-02\n"
    )
    after = built(home, "2017-06-02")
    assert bob in emails(after, "2017-06-01").values()
    assert bob not in emails(after, "2017-06-02").values()
    assert (
        after.value(f"select count(*) from ({STATES}) as s where user_id = ? and to_build = {OPEN}", [bob])
        == 0
    )

    then = json.loads(call("show", "Bob@example.org", "--on", "2017-06-01", "--json").stdout)
    assert (then["user_id"], then["attributes"]["first_name"]) == (bob, "Bob")
    now = json.loads(call("show", "bob@example.org", "--on", "2017-12-31", "--json").stdout)
    assert now["user_id"] != bob
    assert now["valid_to"] is None
    assert now["features"]["spend_all"] == 21.0
    assert "as built on 2017-06-01 to before 2017-06-02" in call("show", bob, "--on", "2017-06-01").stdout


def score_in_batches(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a model serve that no build scores with, and give everybody its score."""
    connection.execute(
        "insert into ml.models by name"
        " select 'm' as model_id, 'in batches' as task, true as serving, 'regression' as kind"
    )
    connection.execute(
        "insert into ml.scores by name select user_id, 'in batches' as task, 1.0 as score,"
        " 50.0 as percentile, 'm' as model_id, timezone('UTC', now()) as scored_at, as_of"
        " from marts.user_features"
    )


def test_scores_of_a_merged_user_end_whenever_they_are_taken_away(home: Home) -> None:
    """A build leaves rows of models that predict in batches to `profilectl score`, which comes after it."""
    with duckdb.connect(str(home.warehouse)) as connection:
        score_in_batches(connection)
        connection.execute(
            "insert into ml.segments by name select user_id, 'audience_segments' as task, 'all' as segment,"
            " 's' as model_id, timezone('UTC', now()) as assigned_at, as_of from marts.user_features"
        )
    built(home)
    header = CUSTOMERS.splitlines()[0]
    home.land("crm/customers/again.csv", f"{header}\nC1,K1,bob@example.org,Ann,2017-06-02\n")
    built(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        for table in ("scores", "segments"):
            gone = f"delete from ml.{table} where user_id not in (select user_id from marts.dim_users)"
            assert connection.execute(gone).fetchall() == [(1,)]
    home.land("crm/customers/more.csv", f"{header}\nC4,K4,dora@example.org,Dora,2017-06-02\n")
    after = built(home)  # its tests compare the history with what is there
    for part in ("scores", "segments"):
        assert after.value(f"select count(*) from history.history_{part} where to_build = {OPEN}") == 2


def test_the_time_of_a_score_is_told_when_another_time_becomes_the_usual_one(home: Home) -> None:
    """Rows of the time that most scores of a day were made at do not say so; within a day that time moves."""
    header = CUSTOMERS.splitlines()[0]
    home.land("crm/customers/dora.csv", f"{header}\nC4,K4,dora@example.org,Dora,2017-05-02\n")
    built(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        score_in_batches(connection)
    built(home)
    for names in (["Ann"], ["Bob", "Cleo"]):
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute(
                "update ml.scores set scored_at = timezone('UTC', now()) where user_id in"
                " (select user_id from marts.dim_users where first_name in (select unnest(?)))",
                [names],
            )
        after = built(home)
    told = "select user_id, scored_at from {} where task = 'in batches' order by all"
    assert after.rows(told.format("marts.user_scores_history")) == after.rows(told.format("ml.scores"))


def test_show_says_why_it_cannot_tell(home: Home, call: Any) -> None:
    cleo = emails(Built(home.warehouse, {}), "2017-06-01")["cleo@example.org"]
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from history.history_profiles where user_id = ?", [cleo])
    for user, day, said in (
        ("ann@example.org", "2017-05-31", "no build stands for 2017-05-31"),
        ("nobody@example.org", "2017-06-01", "was no user and no identifier of one on 2017-06-01"),
        ("cleo@example.org", "2017-06-01", "was no user and no identifier of one on 2017-06-01"),
    ):
        failed = call("show", user, "--on", day)
        assert failed.exit_code == 1
        assert said in failed.stderr
    assert call("show", "ann@example.org", "--on", "June").exit_code == 2


def test_the_views_read_a_copy_of_the_tables_under_any_name(home: Home, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "elsewhere.duckdb")) as copy:
        copy.execute(f"attach '{home.warehouse}' as warehouse (read_only)")
        copy.execute("create schema marts; create schema history")
        there = "where database_name = 'warehouse' and"
        tables = f"select table_name from duckdb_tables() {there} schema_name = 'history'"
        for (name,) in copy.execute(tables).fetchall():
            copy.execute(f"create table history.{name} as from warehouse.history.{name}")
        views = f"select view_name, sql from duckdb_views() {there} suffix(view_name, '_history')"
        found = copy.execute(views).fetchall()
        assert {name for name, _ in found} == {
            "user_profile_history",
            "user_features_history",
            "user_scores_history",
        }
        for _, text in found:
            assert "warehouse" not in text.partition(" AS ")[2]
            copy.execute(text.replace("CREATE VIEW warehouse.", "CREATE VIEW "))
        copy.execute("detach warehouse")
    with duckdb.connect(str(tmp_path / "elsewhere.duckdb"), read_only=True) as copy:
        for name, _ in found:
            assert copy.execute(f"select count(*) from marts.{name}").fetchone() == (
                0 if "scores" in name else 3,
            )


def freshness(home: Home) -> dict[str, str]:
    """How `dbt source freshness` ends for each source table that does not pass."""
    asked = invoke(("source", "freshness", "--no-write-json"), home.environment, home.target).results
    results = [one for one in asked if one.node.resource_type == "source"]
    assert len(results) == 10
    return {
        one.node.unique_id.partition("user_profiles.")[2]: str(one.status)
        for one in results
        if str(one.status) != "pass"
    }


def test_freshness_speaks_only_of_sources_that_delivered(home: Home, tmp_path: Path, manifest: Any) -> None:
    assert freshness(Home(tmp_path / "nothing landed", manifest)) == {}
    assert freshness(home) == {}
    with duckdb.connect(str(home.warehouse)) as connection:
        for table in ("crm__customers", "shop__transactions"):
            connection.execute(f"update raw.{table} set _loaded_at = timezone('UTC', now()) - interval 9 day")
    assert freshness(home) == {"crm.customers": "warn", "shop.transactions": "error"}


def test_a_source_that_has_gone_silent_is_a_warning(home: Home) -> None:
    silent = "assert_no_source_is_silent"
    assert home.dbt("test", "--select", silent).statuses[silent] == "pass"
    home.extra["PROFILECTL_AS_OF"] = "2017-08-01"
    statuses = home.dbt("build", "--select", "int_clock", silent).statuses
    assert statuses[silent] == "warn"


@pytest.mark.parametrize(
    ("change", "test"),
    [
        ("delete from marts.user_features where user_id in (from first)", "assert_users_are_known"),
        ("delete from marts.dim_users where user_id in (from first)", "assert_users_are_known"),
        ("delete from history.history_visits where user_id in (from first)", "assert_history_is_whole"),
        (
            "insert into history.history_purchases from history.history_purchases limit 1",
            "assert_history_is_whole",
        ),
    ],
)
def test_the_data_tests_can_fail(home: Home, change: str, test: str) -> None:
    assert home.dbt("test", "--select", test).failed == home.dbt("build", "--select", test).failed == set()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create temp table first as select min(user_id) as user_id from marts.dim_users")
        connection.execute(change)
    assert home.dbt("test", "--select", test).failed == {test}
    assert home.dbt("build", "--select", test).failed == {test}  # which looks another way

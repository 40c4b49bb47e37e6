"""What people write into vars: there may be no limits, and none that is misspelt; a day is a day."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from dbt_home import Home
from profilectl_ml.catalogue import reporting_timezone

LIMITS = (
    "identity_max_links",
    "identity_max_met",
    "identity_max_given_names",
    "identity_max_age_days",
    "identity_handed_on_days",
)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"identity_max_links": {"emial": 40}}, "identity_max_links has emial; it takes types of identifiers"),
    ({"identity_max_links": 5}, "identity_max_links has 5; it takes a value per type"),
    ({"identity_max_links": {"email": "many"}}, "identity_max_links.email has many; it takes a number"),
    ({"identity_max_met": {"emial": {"card": 3}}}, "identity_max_met has emial; it takes types"),
    ({"identity_max_met": {"email": {"crad": 3}}}, "identity_max_met.email has crad; it takes types"),
    ({"identity_max_met": {"email": 3}}, "identity_max_met.email has 3; it takes a value per type"),
    ({"identity_max_given_names": {"mail": 3}}, "identity_max_given_names has mail; it takes types"),
    ({"identity_max_age_days": {"cookies": 3}}, "identity_max_age_days has cookies; it takes types"),
    ({"identity_handed_on_days": {"phone": -1}}, "identity_handed_on_days.phone has -1; it takes a number"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    home = Home(tmp_path_factory.mktemp("limits"), manifest)
    assert home.dbt("seed").failed == set()
    built = home.dbt("run", "--select", "+int_blocked_identifiers")
    assert built.failed | built.skipped == set()
    return home


def run(home: Home, given: dict[str, Any], model: str = "int_blocked_identifiers") -> str:
    """How the model that reads the vars ended, in words."""
    home.dbt("run", "--select", model, "--vars", json.dumps(given))
    results = json.loads((home.target / "run_results.json").read_text(encoding="utf-8"))["results"]
    (told,) = (one for one in results if one["unique_id"].startswith("model."))
    return f"{told['status']} {told['message']}"


@pytest.mark.parametrize(("limits", "said"), WRONG, ids=lambda value: json.dumps(value))
def test_a_limit_that_would_not_hold_is_an_error(home: Home, limits: dict[str, Any], said: str) -> None:
    assert f"dbt_project.yml: var {said}" in run(home, limits)


def test_there_may_be_no_limits(home: Home) -> None:
    for name in LIMITS:
        assert run(home, {name: {}}).startswith("success"), name
    assert run(home, {name: {} for name in LIMITS}).startswith("success")


def test_what_a_staging_model_gives_and_its_shape_does_not_have_is_an_error(home: Home) -> None:
    types = {"identifier_types": ["customer_id", "card", "email", "phone", "cookie", "device"]}
    said = run(home, types, "stg_synthetic_social__reactions")
    assert "as_shape is given 'handle', which is no column of the shape events" in said


def test_a_build_notes_the_zone_of_its_days(home: Home) -> None:
    """Training reads it; a warehouse of an earlier version has no such column."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("alter table ops.builds drop column reporting_timezone")
        ((builds,),) = connection.execute("select count(*) from ops.builds").fetchall()
    home.dbt("seed", "--select", "role_mailboxes")
    built = home.dbt("seed", "--select", "role_mailboxes", "--vars", "{reporting_timezone: Asia/Tokyo}")
    noted = "select reporting_timezone from ops.builds order by build_id"
    assert built.rows(noted) == [*[(None,)] * builds, ("America/New_York",), ("Asia/Tokyo",)]
    with duckdb.connect(str(home.warehouse)) as connection:
        assert reporting_timezone(connection) == "Asia/Tokyo"


def test_a_day_needs_no_quotes(home: Home) -> None:
    """YAML makes a date of it."""
    built = home.dbt("run", "--select", "+int_clock", "--vars", "{as_of: 2017-12-31}")
    assert built.failed == set()
    assert built.rows("select as_of::varchar from intermediate.int_clock") == [("2017-12-31",)]

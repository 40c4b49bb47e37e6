"""A rebuild in slices: what fits in memory at once is a setting, and what comes out is the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dbt_home import Built, Home
from profilectl.demo.generate import generate

ROWS = "select * exclude (changed_in) from marts.{} order by user_id"
IN_THE_ORDER_WRITTEN = """
    select users.user_key from marts.{} as written inner join intermediate.int_users as users
    on written.user_id = users.user_id order by written.rowid
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Home:
    home = Home(tmp_path_factory.mktemp("slices"), manifest)
    generate(home.landing, home.folder / "truth", months=["2017-01", "2017-02"], households=12)
    built = home.dbt(
        "build", "--exclude-resource-types", "unit_test", "test", "--select", "+user_features", "+dim_users"
    )
    assert built.failed | built.skipped == set()
    return home


def rebuild(home: Home, model: str, **given: object) -> Built:
    return home.dbt("run", "--full-refresh", "--select", model, "--vars", json.dumps(given))


@pytest.mark.parametrize(
    ("model", "strict"), [("user_features", False), ("user_features", True), ("dim_users", False)]
)
def test_a_rebuild_in_slices_says_what_a_whole_one_says(home: Home, model: str, strict: bool) -> None:
    whole = rebuild(home, model, strict_as_of=strict).rows(ROWS.format(model))
    users = len(whole)
    at_once = users // 5 + 1
    in_slices = rebuild(home, model, strict_as_of=strict, users_at_once=at_once)
    assert in_slices.failed == set()
    assert in_slices.rows(ROWS.format(model)) == whole
    places = [key % 5 for (key,) in in_slices.rows(IN_THE_ORDER_WRITTEN.format(model))]
    assert places == sorted(places), "it was not written slice by slice"
    assert set(places) == set(range(5))


@pytest.mark.parametrize("wrong", [0, -1, "many"])
def test_there_is_no_slice_of_nobody(home: Home, wrong: object) -> None:
    rebuild(home, "user_features", users_at_once=wrong)
    results = json.loads((home.target / "run_results.json").read_text(encoding="utf-8"))["results"]
    (message,) = (one["message"] for one in results if one["unique_id"].startswith("model."))
    assert f"dbt_project.yml: var users_at_once has {wrong}; it takes a number of rows" in message
    assert len(home.dbt("compile", "--select", "user_features").rows(ROWS.format("user_features"))) > 0

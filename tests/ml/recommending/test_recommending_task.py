from __future__ import annotations

from typing import Any

import pytest
import yaml

from dbt_home import PROJECT
from profilectl_ml.declaration import Declaration
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.recommending.task import ALLOWED_KEYS, parse

TASKS = PROJECT / "models/marts/ml_tasks.yml"
RELATIONS = {name: ("marts", name) for name in ("fct_events", "dim_items", "dim_users")}


def declared(**changes: Any) -> Declaration:
    exposures = yaml.safe_load(TASKS.read_text())["exposures"]
    (found,) = [one for one in exposures if one["name"] == "next_products"]
    return Declaration("next_products", "f.yml", found["config"]["meta"]["profilectl"] | changes, RELATIONS)


def test_the_declared_task_is_read() -> None:
    task = parse(declared())
    assert task.events == ("marts", "fct_events")
    assert task.filter == (("event_type", ("purchase",)),)
    assert task.baseline == task.contenders[0] == "personal_frequency"


def test_new_items_compete_with_popularity() -> None:
    task = parse(declared(repeats=False))
    assert task.repeats == "false"
    assert task.contenders[0] == "popularity"
    assert not any(name.startswith("personal") for name in task.contenders)


def test_an_unknown_key_names_the_allowed_ones() -> None:
    with pytest.raises(ProfilectlError, match=r"f\.yml: task next_products: unknown key 'horizon'") as error:
        parse(declared(horizon=3))
    assert error.value.hint is not None
    assert all(key in error.value.hint for key in ALLOWED_KEYS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repeats": "maybe"}, "repeats 'maybe' is not one of"),
        ({"events": "elsewhere"}, "'elsewhere' is not in depends_on"),
        ({"candidates": ["oracle"]}, "candidates must be a list from"),
        ({"filter": ["purchase"]}, "filter must map columns"),
        ({"filter": {"source": []}}, "the filter on 'source' must be"),
        ({"verbs": "eat"}, "verbs needs exactly"),
        ({"k": 51}, "k must be at most 50"),
        ({"seed": 2**32}, "seed must be at most"),
        ({"horizon_days": 0}, "horizon_days must be"),
        ({"holdout": "never"}, "holdout 'never' is not one of"),
        ({"users": None}, "segment is a column of the model that 'users' names"),
    ],
)
def test_a_wrong_value_is_a_clear_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfilectlError, match=message):
        parse(declared(**changes))

from __future__ import annotations

import json
from typing import Any

import pytest

from profilectl_ml.declaration import Declaration
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.segmenting.features import DEFAULT_FEATURES, Feature
from profilectl_ml.segmenting.task import from_details, parse, to_details

GIVEN = {"kind": "clustering", "entity": "user_id", "features": "user_features"}


def declared(**given: Any) -> Declaration:
    relations = {"user_features": ("marts", "user_features")}
    return Declaration("groups", "models/marts/ml_tasks.yml", GIVEN | given, relations)


def test_defaults_are_a_sensible_set() -> None:
    task = parse(declared())
    assert task.columns == DEFAULT_FEATURES
    assert (task.least_k, task.most_k) == (2, 8)


def test_columns_are_read_short_and_long() -> None:
    task = parse(declared(columns={"a": "log", "b": {"high": "much b", "unit": "bees"}}, value="a"))
    assert task.columns == (Feature("a", "log"), Feature("b", high="much b", unit="bees"))
    assert from_details(json.loads(json.dumps(to_details(task)))) == task


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "x"}, "unknown key 'label'"),
        ({"columns": {}}, "columns must map"),
        ({"columns": ["a"]}, "columns must map"),
        ({"columns": {"a": "square"}}, "a: 'square' is not one of none, log, root"),
        ({"columns": {"a": {"sort": 1}}}, "a has no setting 'sort'"),
        ({"k": [1, 5]}, "k must be"),
        ({"k": [5, 3]}, "k must be"),
        ({"k": 4}, "k must be"),
        ({"min_stability": 2}, "min_stability must be from 0 to 1"),
        ({"max_users": 3}, "max_users must be"),
        ({"seed": 2**32 - 1}, "seed must be at most"),
        ({"features": "others"}, "not in depends_on"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfilectlError, match=message) as error:
        parse(declared(**given))
    assert "ml_tasks.yml: task groups" in str(error.value)

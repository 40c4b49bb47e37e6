"""Training what a dbt project declares: a task without enough data holds up no other."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from profilectl import training
from profilectl.app import app
from profilectl.project import DbtProject, Paths
from profilectl.updating import retraining

SEGMENTS = {
    "kind": "clustering",
    "entity": "user_id",
    "features": "user_features",
    "columns": {
        "spend_28d": {"transform": "log", "high": "spends much", "low": "spends little", "unit": "spent"},
        "purchase_days_28d": {"transform": "none", "high": "comes often", "low": "seldom", "unit": "days"},
    },
    "k": [2, 3],
    "min_stability": 0.0,
}
# One cutoff only: there is nothing to judge it on.
SPEND = {
    "kind": "regression",
    "label": "label_spend_next_28d",
    "horizon_days": 28,
    "entity": "user_id",
    "examples": "training_examples",
    "features": "user_features",
    "candidates": ["ridge"],
    "baseline": {"column": "spend_28d"},
}


@pytest.fixture
def declare(project: DbtProject, small_warehouse: Paths, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the project declare these tasks."""
    nodes = {name: {"name": name, "schema": "marts"} for name in ("user_features", "training_examples")}

    def manifest(**tasks: dict[str, Any]) -> None:
        exposures = {
            name: {
                "name": name,
                "type": "ml",
                "config": {"meta": {"profilectl": given}},
                "depends_on": {"nodes": list(nodes)},
            }
            for name, given in tasks.items()
        }
        for module in (training, retraining):
            monkeypatch.setattr(module, "load_manifest", lambda *_: {"exposures": exposures, "nodes": nodes})
        monkeypatch.setenv("PROFILECTL_PROJECT_DIR", str(project.folder))

    return manifest


def train(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["train", *arguments])


def test_a_task_without_enough_data_is_told_and_the_others_are_trained(declare: Any) -> None:
    declare(amount=SPEND, groups=SEGMENTS)
    done = train()
    assert done.exit_code == 0, done.output
    assert "groups: " in done.stdout
    assert "amount: not trained: no model yet, and training failed: " in done.stdout
    said = json.loads(train("--json").stdout)
    assert [run["task"] for run in said["models"]] == ["groups"]
    [left] = said["untrained"]
    # The second time the reason is the failure alone, not the one before with another behind it.
    assert left["reason"].startswith("training failed: ")
    assert left["reason"].count("failed") == 1
    assert (left["task"], left["failed"]) == ("amount", False)


def test_a_named_task_that_cannot_be_trained_is_an_error(declare: Any) -> None:
    declare(amount=SPEND, groups=SEGMENTS)
    done = train("amount", "groups")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error: cannot split out of time" in done.stderr


def test_it_fails_where_nothing_was_trained(declare: Any) -> None:
    declare(amount=SPEND)
    done = train("--json")
    assert done.exit_code == 1
    assert [left["task"] for left in json.loads(done.stdout)["untrained"]] == ["amount"]
    assert "error: nothing was trained" in done.stderr


def test_it_fails_where_a_model_that_serves_cannot_be_replaced(declare: Any, small_warehouse: Paths) -> None:
    declare(spend_next_28d=SPEND, groups=SEGMENTS)
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("delete from marts.training_examples")
    done = train()
    assert done.exit_code == 1
    assert "groups: " in done.stdout
    assert "the model before still serves" in done.stderr

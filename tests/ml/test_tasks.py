from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from profilectl_ml.candidates import CANDIDATE_NAMES
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.kinds import tasks_from_manifest
from profilectl_ml.tasks import ALLOWED_KEYS

TASKS = Path(__file__).parents[2] / "dbt_project/models/marts/ml_tasks.yml"


@pytest.fixture
def manifest() -> dict[str, Any]:
    exposure = yaml.safe_load(TASKS.read_text())["exposures"][0]
    exposure |= {"original_file_path": "models/marts/ml_tasks.yml", "depends_on": {"nodes": ["e", "f"]}}
    nodes = {
        "e": {"name": "training_examples", "schema": "marts", "alias": "training_examples"},
        "f": {"name": "user_features", "schema": "other", "alias": "renamed"},
    }
    dashboard = {"name": "board", "type": "dashboard", "meta": {}}
    return {"exposures": {"x": copy.deepcopy(exposure), "y": dashboard}, "nodes": nodes}


def settings(manifest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = manifest["exposures"]["x"]["config"]["meta"]["profilectl"]
    return found


def test_the_declared_task_is_read(manifest: dict[str, Any]) -> None:
    tasks = tasks_from_manifest(manifest)
    assert list(tasks) == ["spend_next_28d"]
    task = tasks["spend_next_28d"]
    assert task.features == ("other", "renamed")
    assert task.baseline.column == "spend_84d"
    assert task.baseline.factor == pytest.approx(1 / 3)
    needed = {"linear", "ridge", "lasso", "decision_tree", "random_forest", "hist_gradient_boosting", "mlp"}
    assert needed <= set(task.candidates) <= set(CANDIDATE_NAMES["regression"])


def test_meta_outside_config_is_read_too(manifest: dict[str, Any]) -> None:
    exposure = manifest["exposures"]["x"]
    exposure["meta"] = exposure.pop("config")["meta"]
    assert "spend_next_28d" in tasks_from_manifest(manifest)


def test_an_unknown_key_names_file_and_allowed_keys(manifest: dict[str, Any]) -> None:
    settings(manifest)["horizon"] = 28
    with pytest.raises(ProfilectlError, match=r"models/marts/ml_tasks\.yml.*unknown key 'horizon'") as error:
        tasks_from_manifest(manifest)
    assert error.value.hint is not None
    assert all(key in error.value.hint for key in ALLOWED_KEYS)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kind", "magic", "kind 'magic' is not one of"),
        ("metric", "auc", "metric 'auc' is not one of"),
        ("candidates", ["ridge", "oracle"], "candidates must be a list from"),
        ("candidates", "ridge", "candidates must be a list from"),
        ("horizon_days", 0, "horizon_days must be"),
        ("horizon_days", "28", "horizon_days must be"),
        ("examples", "elsewhere", "'elsewhere' is not in depends_on"),
        ("baseline", {"factor": 2}, "baseline needs the key 'column'"),
        ("positive", {"above": "x"}, "positive above must be a number"),
        ("positive", {"below": 1}, "positive needs exactly one of"),
        ("costs", {"false_positive": 1}, "costs needs exactly"),
        ("max_alone", 1.5, "max_alone must be"),
        ("known_at", "x", "known_at must map"),
        ("baseline", {"column": "spend_84d", "factor": "x"}, "baseline factor must be a number, not 'x'$"),
        ("baseline", {"column": "a", "factor": None}, "baseline factor must be a number, not None$"),
        ("minimum", "much", "minimum must be a number, not 'much'$"),
        ("seed", "x", "must be a whole number"),
        ("seed", -1, "seed must be a whole number from 0"),
        ("seed", 2**32, "seed must be at most"),
    ],
)
def test_a_wrong_value_is_a_clear_error(
    manifest: dict[str, Any], key: str, value: object, message: str
) -> None:
    given = settings(manifest)
    if key in ("positive", "costs"):
        for other in ("level", "metric", "candidates"):
            given.pop(other, None)
        given["kind"] = "classification"
    given[key] = value
    with pytest.raises(ProfilectlError, match=message):
        tasks_from_manifest(manifest)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("classification", "level", {"column": "spend_84d"}),
        ("regression", "positive", {"above": 0}),
        ("regression", "costs", {"false_positive": 1, "false_negative": 5}),
    ],
)
def test_a_key_of_the_other_kind_is_refused(
    manifest: dict[str, Any], kind: str, key: str, value: object
) -> None:
    given = settings(manifest)
    for other in ("level", "metric", "candidates"):
        given.pop(other, None)
    given.update({"kind": kind, key: value})
    with pytest.raises(ProfilectlError, match=rf"{key} belongs to a \w+, this is a {kind}"):
        tasks_from_manifest(manifest)


def test_a_missing_key_is_named(manifest: dict[str, Any]) -> None:
    del settings(manifest)["label"]
    with pytest.raises(ProfilectlError, match="missing key 'label'"):
        tasks_from_manifest(manifest)


def test_a_task_without_settings_is_an_error(manifest: dict[str, Any]) -> None:
    manifest["exposures"]["x"]["config"]["meta"] = {}
    with pytest.raises(ProfilectlError, match=r"config\.meta\.profilectl is missing"):
        tasks_from_manifest(manifest)

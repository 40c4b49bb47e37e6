"""The model card: in the warehouse and in a published file, as text, as JSON and in the report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from profilectl import facts
from profilectl.app import app
from profilectl.model_card import model_card
from profilectl.model_limits import limits
from profilectl.project import Paths
from profilectl.publishing import publish
from profilectl.reporting import card_figures, report
from profilectl.warehouse import connect, connect_published
from profilectl_ml.metrics_classification import reliability
from profilectl_ml.recommending.rerank import Blend

runner = CliRunner()


def call(*arguments: str) -> Any:
    return runner.invoke(app, list(arguments))


@pytest.fixture
def two_kinds(small_warehouse: Paths, tmp_path: Path) -> Paths:
    """The small warehouse after training an amount of its marts and a yes-or-no of a file."""
    rng = np.random.default_rng(3)
    visits = rng.integers(0, 30, 300)
    bought = rng.random(300) < 1 / (1 + np.exp((14 - visits) / 3))
    rows = [f"u{i},{visits[i]},{'abc'[i % 3]},{int(bought[i])}" for i in range(300)]
    (tmp_path / "visits.csv").write_text("\n".join(["id,visits,band,bought", *rows]) + "\n")
    for arguments in (
        ("visits.csv", "--id", "id", "--label", "bought", "--candidates", "logistic,decision_tree"),
        ("marts.user_features", "--id", "user_id", "--label", "spend_28d", "--candidates", "ridge"),
    ):
        done = call("train", "--table", *arguments)
        assert done.exit_code == 0, done.output
    return small_warehouse


@pytest.fixture
def card(two_kinds: Paths) -> dict[str, Any]:
    return dict(json.loads(call("models", "show", "visits", "--json").stdout))


def test_the_card_of_a_classification(card: dict[str, Any]) -> None:
    assert card["model"]["serving"] is True
    assert card["asked"]["label"] == "bought"
    assert [one["name"] for one in card["choice"]["standings"]].count("baseline") == 1
    assert 0 < card["choice"]["threshold"] < 1
    assert {row["candidate"] for row in card["reliability"]} >= {"logistic", "baseline"}
    assert {row["feature"] for row in card["features"]} == {"visits", "band"}
    # The test rows are a fifth of 300: a third of them is below the 30 users that a part needs.
    assert card["slices"] == []
    assert [row["event"] for row in card["promotions"]] == ["trained"]
    assert any("The table has no time" in said for said in card["limits"])


def test_the_card_as_text(two_kinds: Paths) -> None:
    shown = call("models", "show", "visits", "--all")
    assert shown.exit_code == 0, shown.output
    for title in ("known limits", "standings in validation", "importance", "reliability", "settings tried"):
        assert title in shown.stdout
    assert "bought equals 1" in shown.stdout
    failed = call("models", "show", "visit")
    assert failed.exit_code == 1
    assert "hint: known: visits" in failed.stderr


def test_models_of_earlier_versions_have_a_card_too(small_warehouse: Paths) -> None:
    shown = call("models", "show", "model-1")
    assert shown.exit_code == 0, shown.output
    assert "hist_gradient_boosting, serves" in shown.stdout
    assert "there is no model 'nobody'" in call("models", "show", "nobody").stderr


def test_a_published_file_has_the_card_and_no_artefact(two_kinds: Paths) -> None:
    publish(two_kinds)
    with connect(two_kinds) as warehouse, connect_published(two_kinds) as published:
        [serving] = [m["model_id"] for m in facts.rows(
            warehouse, "select model_id from ml.models where task = 'visits' and serving"
        )]  # fmt: skip
        assert model_card(published, serving) == model_card(warehouse, serving)
        types = facts.rows(published, "select data_type as t from information_schema.columns")
        assert "BLOB" not in {row["t"] for row in types}


def test_the_report_shows_both_kinds(two_kinds: Paths) -> None:
    page = report(two_kinds).read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    assert found
    drawn = json.loads(found[1])
    expected = {"visits-auc", "visits-log_loss", "visits-standings", "visits-tried", "visits-reliability"}
    expected |= {"user_features-rmse", "user_features-predicted", "user_features-standings"}
    assert expected <= set(drawn)
    assert "visits-predicted" not in drawn
    assert "Model card: visits" in page
    assert "None" not in re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL).replace(
        "None that", ""
    )


def test_a_kind_without_baseline_cutoff_or_scores_is_shown_everywhere(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("alter table ml.runs add column kind varchar")
        connection.execute(
            "insert into ml.runs by name select 'run-2' as run_id, 'groups' as task, now()::timestamp as"
            " created_at, 'kmeans' as chosen, true as promoted, 'five groups hold best' as reason,"
            " 'clustering' as kind, 200 as n_train"
        )
        connection.execute(
            "insert into ml.metrics (run_id, task, candidate, split, metric, value)"
            " values ('run-2', 'groups', 'kmeans', 'all', 'silhouette', 0.31)"
        )
    with connect(small_warehouse) as connection:
        run = next(run for run in facts.models(connection) if run["task"] == "groups")
    assert (run["serving"], run["kind"]) == ("kmeans", "clustering")
    assert run["metrics"] == {"silhouette": {"value": 0.31, "low": None, "high": None, "baseline": None}}
    shown = call("status")
    assert shown.exit_code == 0, shown.output
    assert "silhouette" in shown.stdout
    assert "Clustering: groups" in report(small_warehouse).read_text(encoding="utf-8")


def test_the_setting_of_a_blend_of_signals_is_its_weights(small_warehouse: Paths) -> None:
    blend = Blend(("bought", "near"), np.array([0.1, 0.2]), np.ones(2), np.array([1.23456789, -2.0]), -3.27)
    params = {"ease": {"penalty": 100}, "blend": blend.as_dict()}
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("update ml.runs set chosen = 'blend', params = ?", [json.dumps(params)])
        connection.execute("update ml.models set candidate = 'blend', kind = 'recommendation'")
    assert 'setting    {"bought": 1.2346, "near": -2.0}\n' in call("models", "show", "spend_next_28d").stdout
    assert "-3.27" not in report(small_warehouse).read_text(encoding="utf-8")


def test_who_serves_is_what_status_and_report_show(two_kinds: Paths, tmp_path: Path) -> None:
    first = json.loads(call("models", "list", "--task", "visits", "--json").stdout)[0]
    call("train", "--table", "visits.csv", "--id", "id", "--label", "bought", "--candidates", "decision_tree")
    assert call("models", "promote", first["model_id"]).exit_code == 0
    with connect(two_kinds) as connection:
        run = next(run for run in facts.models(connection) if run["task"] == "visits")
    assert run["run_id"] == first["run_id"]


def weak() -> dict[str, Any]:
    """A card with everything that can be wrong with a model."""
    slice_ = {"slice": "band", "value": "a", "n": 40, "metric": "auc", "score": 0.6, "baseline": 0.7}
    row = {"candidate": "logistic", "split": "test"}
    return {
        "model": {"candidate": "logistic", "kind": "classification"},
        "run": {"chosen": "logistic", "baseline": "baseline"},
        "asked": {"population": "has_purchase"},
        "data": {"n_test": 90, "test_cutoff": None, "sample": "a part of them"},
        "choice": {"skipped": {"mlp": "the 5 s were used up", "lightgbm": "not installed"}},
        "features": [{"feature": "age", "psi": 0.4, "drifted": True}],
        "reliability": [{"candidate": "logistic", "n": 100, "predicted": 0.8, "observed": 0.4}],
        "slices": [slice_],
        "candidates": [
            {**row, "metric": "log_loss", "value": 0.5, "low": 0.2, "high": 0.8},
            {**row, "metric": "auc", "value": 0.6, "low": 0.5, "high": 0.7},
            {**row, "candidate": "baseline", "metric": "auc", "value": 0.7, "low": 0.6, "high": 0.8},
            {**row, "metric": "cost", "value": 0.48, "low": None, "high": None},
            {**row, "candidate": "baseline", "metric": "cost", "value": 0.39, "low": None, "high": None},
        ],
    }


def expectations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each limit, and the change of the card that makes it go."""
    data = {**weak()["data"], "sample": None}
    yield "Learnt and judged on a part of them", {"data": data}
    yield "Learnt only from users with has_purchase", {"asked": {}}
    yield "Judged on 90 users only", {"data": {**data, "n_test": 900}}
    yield "worse than the baseline in auc 0.6 against 0.7, cost 0.48 against 0.39", {"candidates": []}
    yield "The interval of log_loss is wide", {"candidates": []}
    yield "The table has no time", {"data": {**data, "test_cutoff": "2024-01-01"}}
    yield "age (0.40)", {"features": []}
    yield "band = a (auc 0.6 against 0.7, n = 40)", {"slices": []}
    yield "not every setting was tried of: mlp.", {"choice": {"skipped": {"lightgbm": "not installed"}}}
    yield "off in 1 of 1 bins, at worst 0.80 said where 0.40 came true", {"reliability": []}


@pytest.mark.parametrize(("said", "mended"), expectations())
def test_each_limit_is_said_where_a_figure_says_so_and_only_there(said: str, mended: dict[str, Any]) -> None:
    assert any(said in one for one in limits(weak()))
    assert not any(said in one for one in limits({**weak(), **mended}))


def test_a_baseline_that_serves_is_the_first_limit() -> None:
    card = {**weak(), "model": {"candidate": "baseline", "kind": "classification"}}
    assert limits(card)[0].startswith("The baseline serves")


def test_limits_are_of_the_model_of_the_card_and_not_of_the_one_that_was_chosen() -> None:
    other = weak()
    other["model"] = {"candidate": "decision_tree", "kind": "classification"}
    said = " ".join(limits(other))
    assert "interval of log_loss" not in said
    assert "Probabilities are off" not in said
    for row in (*other["reliability"], *other["candidates"][:2]):
        row["candidate"] = "decision_tree"
    said = " ".join(limits(other))
    assert "interval of log_loss" in said
    assert "Probabilities are off" in said


@pytest.mark.parametrize("users", [50, 300, 900])
def test_a_calibrated_model_is_seldom_called_off(users: int) -> None:
    rng, times, card = np.random.default_rng(5), 1000, {**weak(), "slices": [], "candidates": []}
    off = 0
    for _ in range(times):
        predicted = rng.beta(2, 3, users)
        found = reliability((rng.random(users) < predicted).astype(float), predicted)
        card["reliability"] = [
            {"candidate": "logistic", "n": n, "predicted": said, "observed": true}
            for _, n, said, true in found
        ]
        off += any("Probabilities are off" in one for one in limits(card))
    assert off <= 0.05 * times


def test_a_model_that_is_too_sure_is_called_off() -> None:
    rng, predicted = np.random.default_rng(5), np.linspace(0.02, 0.98, 3000)
    found = reliability((rng.random(3000) < 0.5).astype(float), predicted)
    rows = [
        {"candidate": "logistic", "n": n, "predicted": said, "observed": true} for _, n, said, true in found
    ]
    assert "off in 8 of 10 bins" in " ".join(limits({**weak(), "reliability": rows}))


def test_paths_are_of_the_number_that_varies_most() -> None:
    trials = [
        {
            "candidate": "ridge",
            "share": 1.0,
            "loss": 1 / alpha + root,
            "params": {"alpha": alpha, "root": root},
        }
        for alpha in (0.1, 1.0, 10.0)
        for root in (False, True)
    ]
    found = card_figures.paths([*trials, {"candidate": "baseline", "share": 1.0, "loss": 2, "params": {}}])
    assert [(p.candidate, p.setting, p.x) for p in found] == [
        ("ridge: root False", "alpha", [0.1, 1.0, 10.0]),
        ("ridge: root True", "alpha", [0.1, 1.0, 10.0]),
    ]

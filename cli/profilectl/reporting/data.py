"""Gathers everything the report shows; what is not there yet is an empty list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from profilectl import facts, identity_facts
from profilectl.facts import Row
from profilectl.model_card import model_card
from profilectl.reporting import queries
from profilectl.truth import stitching_score

LARGEST = 10
LOADS = 12


@dataclass
class Task:
    """The latest run of one learning task, and what its model predicts."""

    run: Row
    metrics: list[Row]
    importance: list[Row] = field(default_factory=list)
    predictions: list[Row] = field(default_factory=list)
    calibration: list[Row] = field(default_factory=list)
    deciles: list[Row] = field(default_factory=list)
    card: dict[str, Any] | None = None


@dataclass
class ReportData:
    """The numbers behind the page."""

    as_of: str | None
    users: int
    events: int
    quality: list[Row]
    new_users: list[Row]
    active: list[Row]
    reasons: list[Row]
    sizes: list[Row]
    types: list[Row]
    blocked: list[Row]
    largest: list[Row]
    single_identifier_share: float | None
    churn: list[Row]
    causes: list[Row]
    features: list[Row]
    tasks: list[Task]
    stitching: dict[str, Any] | None


def collect(connection: duckdb.DuckDBPyConnection, truth: Path) -> ReportData:
    """Read everything the report needs through ``connection``."""

    def ask(mart: str, question: Callable[[], list[Row]]) -> list[Row]:
        return question() if facts.has_table(connection, "marts", mart) else []

    as_of = facts.as_of(connection)
    known = facts.has_table(connection, "marts", "identity_map")
    identity = identity_facts.totals(connection) if known else None
    tasks = [_task(connection, run) for run in facts.models(connection)]
    important = [row["feature"] for task in tasks[:1] for row in task.importance]
    return ReportData(
        as_of=as_of,
        users=facts.count(connection, "marts", "dim_users"),
        events=facts.count(connection, "marts", "fct_events"),
        quality=facts.sources(connection),
        new_users=ask("dim_users", lambda: queries.new_users_by_month(connection)),
        active=ask("fct_events", lambda: queries.active_users(connection, as_of)) if as_of else [],
        reasons=ask("quarantined_rows", lambda: queries.quarantine_reasons(connection)),
        sizes=ask("identity_map", lambda: identity_facts.sizes(connection)),
        types=ask("identity_map", lambda: identity_facts.types(connection)),
        blocked=ask("identity_map", lambda: identity_facts.blocked_rules(connection)),
        largest=ask("identity_map", lambda: identity_facts.largest(connection, LARGEST)),
        single_identifier_share=identity["single_identifier_share"] if identity else None,
        churn=ask("identity_changes", lambda: identity_facts.churn(connection, LOADS)),
        causes=ask("identity_changes", lambda: identity_facts.causes(connection, LOADS)),
        features=[
            queries.histogram(connection, name) for name in queries.chosen_features(connection, important)
        ],
        tasks=tasks,
        stitching=stitching_score(connection, truth),
    )


def _task(connection: duckdb.DuckDBPyConnection, run: Row) -> Task:
    task = Task(run, queries.metrics(connection, run["run_id"]))
    model_id = queries.model_of_run(connection, run["run_id"])
    if model_id:
        task.card = model_card(connection, model_id)
        if facts.has_table(connection, "ml", "feature_importance"):
            task.importance = queries.importance(connection, model_id)
        if facts.has_table(connection, "ml", "test_predictions"):
            task.predictions = queries.predictions(connection, model_id)
            task.calibration = queries.calibration(connection, model_id)
    if facts.has_table(connection, "ml", "scores"):
        task.deciles = queries.score_deciles(connection, run["task"])
    return task

"""What report and dashboard show, asked for when a section needs it; what is not there yet is empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from profilectl import facts, identity_facts
from profilectl.facts import Row
from profilectl.model_card import model_card
from profilectl.reporting import queries, segment_facts
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


class ReportData:
    """The numbers behind the page, each asked for once; a page asks for no more than it shows.

    Parameters
    ----------
    connection
        A warehouse or a published file; it must stay open while sections are made.
    truth
        The demo's truth folder; None where stitching is not to be judged.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, truth: Path | None = None) -> None:
        self.connection = connection
        self._truth = truth

    def ask(self, mart: str, question: Callable[[], list[Row]]) -> list[Row]:
        """Return the answer, or nothing where there is no such mart."""
        return question() if facts.has_table(self.connection, "marts", mart) else []

    @cached_property
    def as_of(self) -> str | None:
        """The last complete day of the data."""
        return facts.as_of(self.connection)

    @cached_property
    def users(self) -> int:
        """How many users there are."""
        return facts.count(self.connection, "marts", "dim_users")

    @cached_property
    def events(self) -> int:
        """How many events there are; kinds have counted them, and a view of them is passed over once."""
        return sum(row["events"] for row in self.kinds)

    @cached_property
    def quality(self) -> list[Row]:
        """Rows landed, shaped, quarantined and duplicate, by source."""
        return facts.sources(self.connection)

    @cached_property
    def new_users(self) -> list[Row]:
        """Users by the month they were first seen."""
        return self.ask("dim_users", lambda: queries.new_users_by_month(self.connection))

    @cached_property
    def active(self) -> list[Row]:
        """Users with an event, by window."""
        day = self.as_of
        return self.ask("fct_events", lambda: queries.active_users(self.connection, day)) if day else []

    @cached_property
    def weeks(self) -> list[Row]:
        """Events, users and amounts of each whole week."""
        day = self.as_of
        return self.ask("fct_events", lambda: queries.weeks(self.connection, day)) if day else []

    @cached_property
    def kinds(self) -> list[Row]:
        """What users did, by kind of event and source."""
        return self.ask("fct_events", lambda: queries.kinds(self.connection))

    @cached_property
    def coverage(self) -> list[Row]:
        """How many users each attribute is known of."""
        return self.ask("dim_users", lambda: queries.coverage(self.connection))

    @cached_property
    def reasons(self) -> list[Row]:
        """Why rows are in quarantine."""
        return self.ask("quarantined_rows", lambda: queries.quarantine_reasons(self.connection))

    @cached_property
    def files_not_taken(self) -> list[Row]:
        """Which whole files are in quarantine, and why."""
        return self.ask("quarantined_rows", lambda: queries.files_not_taken(self.connection))

    @cached_property
    def loads(self) -> list[Row]:
        """Where the rows of each of the latest loads went."""
        return self.ask("data_quality", lambda: queries.loads(self.connection, LOADS))

    @cached_property
    def sizes(self) -> list[Row]:
        """Users by their number of identifiers."""
        return self.ask("identity_map", lambda: identity_facts.sizes(self.connection))

    @cached_property
    def types(self) -> list[Row]:
        """Identifiers by type."""
        return self.ask("identity_map", lambda: identity_facts.types(self.connection))

    @cached_property
    def blocked(self) -> list[Row]:
        """Blocked identifiers by type and rule."""
        return self.ask("identity_map", lambda: identity_facts.blocked_rules(self.connection))

    @cached_property
    def largest(self) -> list[Row]:
        """The users with most identifiers."""
        return self.ask("identity_map", lambda: identity_facts.largest(self.connection, LARGEST))

    @cached_property
    def single_identifier_share(self) -> float | None:
        """The share of users with one identifier only."""
        known = facts.has_table(self.connection, "marts", "identity_map")
        share = identity_facts.totals(self.connection)["single_identifier_share"] if known else None
        return None if share is None else float(share)

    @cached_property
    def churn(self) -> list[Row]:
        """How many users each load made, merged and split."""
        return self.ask("identity_changes", lambda: identity_facts.churn(self.connection, LOADS))

    @cached_property
    def causes(self) -> list[Row]:
        """Why users merged and split."""
        return self.ask("identity_changes", lambda: identity_facts.causes(self.connection, LOADS))

    @cached_property
    def features(self) -> list[Row]:
        """Histograms of the features that a model relies on, then of others."""
        chosen = queries.chosen_features(self.connection, self._important())
        return [queries.histogram(self.connection, name) for name in chosen]

    def _important(self) -> list[str]:
        """Return the most important features of the first task that has any: segments have none."""
        if facts.has_table(self.connection, "ml", "feature_importance"):
            for run in self.runs:
                model_id = queries.model_of_run(self.connection, run["run_id"])
                found = queries.importance(self.connection, model_id) if model_id else []
                if found:
                    return [row["feature"] for row in found]
        return []

    @cached_property
    def runs(self) -> list[Row]:
        """For every learning task, the run whose model serves."""
        return facts.models(self.connection)

    @cached_property
    def tasks(self) -> list[Task]:
        """The learning tasks, each with what its run left."""
        return [self.task(run) for run in self.runs]

    def task(self, run: Row) -> Task:
        """Return what one run left."""
        return _task(self.connection, run)

    @cached_property
    def segments(self) -> list[Row]:
        """The segments of every clustering task, the largest first."""
        return self.ask("user_segments", lambda: segment_facts.segments(self.connection))

    @cached_property
    def traits(self) -> list[Row]:
        """What sets each segment apart."""
        known = facts.has_table(self.connection, "ml", "segment_profiles")
        return segment_facts.traits(self.connection, self.segments) if known else []

    @cached_property
    def segment_scores(self) -> list[Row]:
        """The mean score of each segment, by task."""
        known = bool(self.segments) and facts.has_table(self.connection, "marts", "user_scores")
        return segment_facts.mean_scores(self.connection) if known else []

    @cached_property
    def stitching(self) -> dict[str, Any] | None:
        """How well identities were stitched, where the truth is known."""
        return stitching_score(self.connection, self._truth) if self._truth else None


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

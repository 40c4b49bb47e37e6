"""The kinds of tasks: who reads a declaration of each kind, and who trains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import duckdb

from profilectl_ml import serving, tasks, training
from profilectl_ml.declaration import Declaration, declarations
from profilectl_ml.recommending import again as recommending_again
from profilectl_ml.recommending import task as recommending
from profilectl_ml.recommending import training as recommending_training
from profilectl_ml.registry import LoadedModel
from profilectl_ml.segmenting import serving as segmenting_serving
from profilectl_ml.segmenting import task as segmenting_task
from profilectl_ml.segmenting import training as segmenting_training

Progress = Callable[[float, str], None]


class AnyTask(Protocol):
    """What every kind of task has."""

    @property
    def name(self) -> str:
        """The exposure's name."""

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""


class Train(Protocol):
    """Train one task: write run, metrics, model and what it gives users in one transaction."""

    def __call__(
        self,
        connection: duckdb.DuckDBPyConnection,
        task: Any,
        *,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> Any:
        """``progress`` is called with the share done (0 to 1) and what is being done."""


# Everything that a stored model takes to serve, up to the writing; that happens inside a transaction, and
# gives the number of users.
Prepare = Callable[[duckdb.DuckDBPyConnection, LoadedModel], Callable[[datetime], int]]


@dataclass(frozen=True)
class Kind:
    """How a kind of task is read and trained, and how a stored model of it serves again."""

    parse: Callable[[Declaration], AnyTask]
    train: Train
    prepare: Prepare


_SUPERVISED = Kind(tasks.parse, training.train, serving.prepare_stored)
KINDS: dict[str, Kind] = {
    "regression": _SUPERVISED,
    "recommendation": Kind(recommending.parse, recommending_training.train, recommending_again.prepare),
    "classification": _SUPERVISED,
    "clustering": Kind(segmenting_task.parse, segmenting_training.train, segmenting_serving.prepare),
}


def tasks_from_manifest(manifest: Mapping[str, Any]) -> dict[str, AnyTask]:
    """Return every task of a dbt manifest, by name, in alphabetical order.

    Raises
    ------
    ProfilectlError
        If a declaration has a wrong key or value; the message names its file.
    """
    found = {}
    for declared in declarations(manifest):
        declared.one_of("kind", tuple(KINDS), "")
        found[declared.name] = KINDS[declared.kind].parse(declared)
    return found


def train(
    connection: duckdb.DuckDBPyConnection,
    task: AnyTask,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Any:
    """Train a task of any kind; ``seed`` replaces the task's own."""
    return KINDS[task.kind].train(connection, task, seed=seed, progress=progress)

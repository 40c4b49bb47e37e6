"""`profilectl train`: the tasks the dbt project declares, or a table, handed to the learning library."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from profilectl import facts
from profilectl.console import private_folder
from profilectl.dbt_runner import load_manifest
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.updating.retraining import ALWAYS, retrain
from profilectl.warehouse import connect, open_file
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.kinds import tasks_from_manifest
from profilectl_ml.kinds import train as train_task
from profilectl_ml.table_files import file_suffix
from profilectl_ml.tables import table_task

Progress = Callable[[float, str], None]
TASKS_FILE = Path("models/marts/ml_tasks.yml")


@dataclass(frozen=True)
class Trained:
    """What was trained, and which tasks could not be, and why.

    Attributes
    ----------
    runs
        The run of each trained task with its test metrics and the baseline's; see
        :func:`profilectl.facts.models`.
    untrained
        ``task, reason, failed`` of each other task; ``failed`` where its serving model could not be replaced.
    """

    runs: list[facts.Row]
    untrained: list[facts.Row]

    def as_json(self) -> dict[str, Any]:
        """Return both lists as one object."""
        return {"models": self.runs, "untrained": self.untrained}


def train(
    project: DbtProject,
    paths: Paths,
    names: list[str],
    *,
    seed: int | None = None,
    progress: Progress = lambda share, what: None,
) -> Trained:
    """Train the tasks called ``names`` (all, if empty), write models and scores.

    ``seed`` replaces the tasks' own seeds; ``progress`` is told the share done of all tasks together.
    Where no task is named, one that cannot be trained is told and left out.

    Raises
    ------
    ProfilectlError
        If a name is no task, a named task cannot be trained, or there are no tasks.
    """
    with connect(paths):
        pass  # a missing or locked warehouse is found before dbt starts
    progress(0.0, "reading the dbt project")
    tasks = tasks_from_manifest(load_manifest(project, paths))
    if not tasks:
        raise ProfilectlError(
            "the dbt project declares no tasks",
            hint=f"declare an exposure of type ml in {project.folder / TASKS_FILE}",
        )
    for name in names:
        if name not in tasks:
            raise ProfilectlError(f"there is no task {name!r}", hint=f"tasks: {', '.join(sorted(tasks))}")
    with only_writer(paths, "profilectl train"), connect(paths, read_only=False) as connection:
        if not names:
            return train_declared(connection, project, paths, seed=seed, progress=progress)
        for place, name in enumerate(names):
            part = _part(progress, name, place, len(names))
            train_task(connection, tasks[name], seed=seed, progress=part)
        return Trained(_runs(connection, set(names)), [])


def train_declared(
    connection: duckdb.DuckDBPyConnection,
    project: DbtProject,
    paths: Paths,
    *,
    seed: int | None = None,
    progress: Progress = lambda share, what: None,
) -> Trained:
    """Train every declared task that can be trained.

    Raises
    ------
    ProfilectlError
        If a declaration is wrong.
    """
    told = retrain(connection, project, paths, ALWAYS, progress, seed=seed)
    untrained = [
        {name: row[name] for name in ("task", "reason", "failed")} for row in told if not row["trained"]
    ]
    return Trained(_runs(connection, {row["task"] for row in told if row["trained"]}), untrained)


def train_table(
    paths: Paths,
    source: str,
    *,
    seed: int | None = None,
    progress: Progress = lambda share, what: None,
    **wanted: Any,
) -> facts.Row:
    """Train on a file or a relation, write model and scores, return the run as ``train`` does.

    For a file, the warehouse is made where there is none yet; it goes again if nothing came of it.

    Parameters
    ----------
    source
        A file, or ``schema.table`` of the warehouse.
    wanted
        What else :func:`profilectl_ml.tables.table_task` takes.

    Raises
    ------
    ProfilectlError
        If file, columns or label cannot be used; nothing is written then.
    """
    fresh = not paths.warehouse.is_file()
    if fresh and file_suffix(source) is not None:
        private_folder(paths.warehouse.parent)
    elif fresh and not Path(source).exists():
        with connect(paths):  # says that there is no warehouse, and what to do
            pass
    try:
        with (
            only_writer(paths, "profilectl train"),
            open_file(paths, paths.warehouse, read_only=False) as connection,
        ):
            progress(0.0, f"reading {Path(source).name}")
            task = table_task(connection, source, declared=_declared(paths), **wanted)
            train_task(connection, task, seed=seed, progress=progress)
            return _runs(connection, {task.name})[0]
    except BaseException:
        if fresh:
            paths.warehouse.unlink(missing_ok=True)
        raise


def _declared(paths: Paths) -> set[str]:
    """Return the names of the tasks that dbt read last: to have them read anew would take seconds."""
    if not paths.manifest.is_file():  # there need not be a project
        return set()
    exposures = json.loads(paths.manifest.read_text(encoding="utf-8")).get("exposures", {})
    return {str(e["name"]) for e in exposures.values() if e.get("type") == "ml"}


def _part(progress: Progress, name: str, place: int, count: int) -> Progress:
    told = f"{name}: " if count > 1 else ""
    return lambda share, what: progress((place + share) / count, f"{told}{what}")


def _runs(connection: duckdb.DuckDBPyConnection, tasks: set[str]) -> list[facts.Row]:
    return [run for run in facts.models(connection) if run["task"] in tasks]

"""`profilectl train`: the tasks the dbt project declares, handed to the learning library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from profilectl import facts
from profilectl.dbt_runner import load_manifest
from profilectl.project import DbtProject, Paths
from profilectl.warehouse import connect
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.kinds import AnyTask, tasks_from_manifest
from profilectl_ml.kinds import train as train_task

TASKS_FILE = Path("models/marts/ml_tasks.yml")


def train(
    project: DbtProject,
    paths: Paths,
    names: list[str],
    *,
    seed: int | None = None,
    progress: Callable[[str], None] = lambda what: None,
) -> list[facts.Row]:
    """Train the tasks called ``names`` (all, if empty), write models and scores, return the runs.

    ``seed`` replaces the tasks' own seeds.

    Returns
    -------
    list of dict
        The latest run of each trained task with its test metrics and the baseline's; see
        :func:`profilectl.facts.models`.

    Raises
    ------
    ProfilectlError
        If a name is no task, there are no tasks, or the warehouse has no examples.
    """
    with connect(paths):
        pass  # a missing or locked warehouse is found before dbt starts
    tasks = _chosen(project, tasks_from_manifest(_manifest(project, paths, progress)), names)
    with connect(paths, read_only=False) as connection:
        for task in tasks:
            progress(task.name)
            train_task(connection, task, seed=seed, progress=_told(task.name, progress))
        trained = {task.name for task in tasks}
        return [run for run in facts.models(connection) if run["task"] in trained]


def _told(name: str, progress: Callable[[str], None]) -> Callable[[float, str], None]:
    return lambda share, what: progress(f"{name}, {share:.0%}: {what}")


def _manifest(project: DbtProject, paths: Paths, progress: Callable[[str], None]) -> dict[str, Any]:
    progress("reading the dbt project")
    return load_manifest(project, paths)


def _chosen(project: DbtProject, tasks: dict[str, AnyTask], names: list[str]) -> list[AnyTask]:
    if not tasks:
        raise ProfilectlError(
            "the dbt project declares no tasks",
            hint=f"declare an exposure of type ml in {project.folder / TASKS_FILE}",
        )
    for name in names:
        if name not in tasks:
            raise ProfilectlError(f"there is no task {name!r}", hint=f"tasks: {', '.join(sorted(tasks))}")
    return [tasks[name] for name in names] if names else list(tasks.values())

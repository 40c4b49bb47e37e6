"""`profilectl train`: the tasks the dbt project declares, or a table, handed to the learning library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from profilectl import facts
from profilectl.console import private_folder
from profilectl.dbt_runner import load_manifest
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.warehouse import connect, open_file
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.kinds import AnyTask, tasks_from_manifest
from profilectl_ml.kinds import train as train_task
from profilectl_ml.table_files import file_suffix
from profilectl_ml.tables import table_task

Progress = Callable[[float, str], None]
TASKS_FILE = Path("models/marts/ml_tasks.yml")


def train(
    project: DbtProject,
    paths: Paths,
    names: list[str],
    *,
    seed: int | None = None,
    progress: Progress = lambda share, what: None,
) -> list[facts.Row]:
    """Train the tasks called ``names`` (all, if empty), write models and scores, return the runs.

    ``seed`` replaces the tasks' own seeds; ``progress`` is told the share done of all tasks together.

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
    progress(0.0, "reading the dbt project")
    tasks = _chosen(project, tasks_from_manifest(load_manifest(project, paths)), names)
    with only_writer(paths, "profilectl train"), connect(paths, read_only=False) as connection:
        for place, task in enumerate(tasks):
            train_task(connection, task, seed=seed, progress=_part(progress, task.name, place, len(tasks)))
        trained = {task.name for task in tasks}
        return [run for run in facts.models(connection) if run["task"] in trained]


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
        What :func:`profilectl_ml.tables.table_task` takes.

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
            task = table_task(connection, source, **wanted)
            train_task(connection, task, seed=seed, progress=progress)
            return next(run for run in facts.models(connection) if run["task"] == task.name)
    except BaseException:
        if fresh:
            paths.warehouse.unlink(missing_ok=True)
        raise


def _part(progress: Progress, name: str, place: int, count: int) -> Progress:
    told = f"{name}: " if count > 1 else ""
    return lambda share, what: progress((place + share) / count, f"{told}{what}")


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

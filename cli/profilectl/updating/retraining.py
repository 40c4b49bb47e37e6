"""Training again what is due, and saying of each task why it was or was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import duckdb

from profilectl import facts
from profilectl.dbt_runner import load_manifest
from profilectl.project import DbtProject, Paths
from profilectl_ml import checks
from profilectl_ml.errors import in_one_line
from profilectl_ml.watermarks import last_day, utc_now

Progress = Callable[[float, str], None]
AUTO, NEVER, ALWAYS = "auto", "never", "always"
MODES = (AUTO, NEVER, ALWAYS)


def retrain(
    connection: duckdb.DuckDBPyConnection,
    project: DbtProject,
    paths: Paths,
    mode: str,
    progress: Progress,
    *,
    seed: int | None = None,
) -> list[facts.Row]:
    """Train the tasks that are due, all with ``always``; ``seed`` replaces the tasks' own seeds.

    A task that cannot be trained keeps the model it has; that is told, and not tried again before another day
    of data has come.

    Returns
    -------
    list of dict
        ``task, model_id, due, reason, trained, failed`` of each declared task.

    Raises
    ------
    ProfilectlError
        If a declaration is wrong.
    """
    if mode == NEVER:
        return []
    from profilectl_ml import monitoring  # scikit-learn is slow to import
    from profilectl_ml.kinds import tasks_from_manifest, train
    from profilectl_ml.schema import create_ml_tables

    create_ml_tables(connection)
    manifest = load_manifest(project, paths)
    declared, rules = tasks_from_manifest(manifest), monitoring.rules(manifest)
    told, today = [], last_day(connection)
    for place, task in enumerate(declared.values()):

        def part(share: float, what: str, place: int = place, name: str = task.name) -> None:
            progress((place + share) / len(declared), f"training {name}: {what}")

        found = monitoring.check(connection, task.name, rules[task.name], today=today, now=utc_now())
        row = asdict(found) | {"trained": False, "failed": False}
        if found.due or mode == ALWAYS:
            try:
                result = train(connection, task, seed=seed, progress=part)
                row |= {"trained": True, "model_id": result.model_id}
            except Exception as error:  # whatever it is, it must not keep what was built from readers
                # What was noted of a task that was not due may be this very failure.
                why = f"{found.reason}, and " if found.due else ""
                reason = f"{why}training failed: {in_one_line(error)}"
                checks.not_again(connection, found, reason, today=today, now=utc_now())
                # Without enough data there is nothing wrong yet; a model that cannot be replaced is.
                row |= {"failed": bool(found.model_id), "reason": reason}
        told.append(row)
    checks.pass_over(connection, declared, today=today, now=utc_now())
    return told


def is_settled(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether every task was decided on for this day of data, so that there is nothing to look at.

    Without loading scikit-learn; a task that was declared since is found by the project's fingerprint.
    """
    if not facts.has_table(connection, "ml", "checks") or not facts.has_table(
        connection, "marts", "user_features"
    ):
        return False
    return set(checks.decided_on(connection).values()) == {last_day(connection)}

"""``profilectl train``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from profilectl.commands._options import WORK, Json, ProjectDir
from profilectl.console import emit_json, stdout, table
from profilectl.progress import waiting
from profilectl.project import Paths, locate_project

NAME, PANEL = "train", WORK


def run(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK]...", help="Default: every task.")
    ] = None,
    project_dir: ProjectDir = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Default: the seed of the task.")] = None,
    as_json: Json = False,
) -> None:
    """Train the models that the dbt project declares, and write scores to the warehouse.

    A model serves only if it beats the naive baseline out of time; otherwise the baseline serves.

    Example: profilectl train spend_next_28d
    """
    from profilectl.training import train  # scikit-learn is slow to import

    project, paths = locate_project(project_dir), Paths.from_environment()
    with waiting("training", quiet=as_json) as progress:
        runs = train(project, paths, list(tasks or []), seed=seed, progress=progress)
    if as_json:
        emit_json(runs)
    else:
        for one in runs:
            render(one)


def render(one: dict[str, Any]) -> None:
    """Print one run: who serves and why, and its test metrics beside the baseline's."""
    console = stdout()
    serving = one["chosen"] if one["promoted"] else one["baseline"]
    console.print(f"{one['task']}: {serving} serves ({one['reason']})", soft_wrap=True)
    console.print(
        f"{one['n_train']:,} examples, tested on {one['n_test']:,} users after {one['test_cutoff']}"
    )
    rows = [
        [metric, found["value"], found["low"], found["high"], found["baseline"]]
        for metric, found in one["metrics"].items()
    ]
    console.print(table(("metric", one["chosen"], "low", "high", one["baseline"]), rows))

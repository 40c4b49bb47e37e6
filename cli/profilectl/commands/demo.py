"""``profilectl demo``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from profilectl import facts
from profilectl.commands import build
from profilectl.commands._options import START, Json, ProjectDir
from profilectl.console import emit_json, number
from profilectl.errors import EXIT_FAILED
from profilectl.progress import counting, sharing, waiting
from profilectl.project import Paths, locate_project

if TYPE_CHECKING:
    from profilectl.demonstration import Demonstrated

NAME, PANEL = "demo", START
DEFAULT_SEED = 20170101


def run(
    project_dir: ProjectDir = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the synthetic overlay.")] = DEFAULT_SEED,
    months: Annotated[
        int, typer.Option("--months", min=1, max=12, help="Only the first so many months.")
    ] = 12,
    households: Annotated[
        int | None,
        typer.Option(
            "--households", min=1, help="Only so many households: few are not enough for each model."
        ),
    ] = None,
    data_only: Annotated[bool, typer.Option("--data-only", help="Write the landing files and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Do the whole job on a real grocer's year: land, build, train, publish, report.

    Shop and CRM are The Complete Journey (CC0); sources called synthetic_* are generated.

    Example: profilectl demo --months 3 --data-only
    """
    from profilectl import demonstration

    paths = Paths.from_environment()
    project = None if data_only else locate_project(project_dir)
    with waiting("writing landing files", quiet=as_json) as tell:
        landed = demonstration.land(paths, seed=seed, months=months, households=households, progress=tell)
    if project is None:
        emit_json(landed) if as_json else typer.echo(f"{sum(landed.values()):,} rows in {paths.landing}")
        return
    done = demonstration.demonstrate(
        project,
        paths,
        counting=partial(counting, quiet=as_json),
        sharing=partial(sharing, quiet=as_json),
        waiting=partial(waiting, quiet=as_json),
    )
    if as_json:
        emit_json(done.as_json())
    if isinstance(done, demonstration.Demonstrated):
        if not as_json:
            typer.echo("\n".join(summary(done)))
        return
    build.render_failures(done) if as_json else build.render(done)
    raise typer.Exit(EXIT_FAILED)


# What a person asks of each kind of model first.
_SHOWN = ("mae", "rmse", "auc", "silhouette", "ndcg_at_10")


def summary(done: Demonstrated) -> list[str]:
    """Return what was made in at most 15 lines."""
    total, dirt, known = facts.total(done.built.sources), done.dirt, done.stitching or {}
    lines = [
        f"rows in       {total['landed']:,} from {done.built.files_taken:,} files, as of {done.built.as_of}",
        f"quarantined   {dirt['quarantined']:,} (truth: {dirt['expected_quarantined']:,})",
        f"duplicates    {dirt['duplicates']:,} (truth: {dirt['expected_duplicates']:,})",
        f"users         {done.built.users:,}",
    ]
    if known:
        lines.append(
            f"stitching     precision {known['precision']:.4f}, recall {known['recall']:.4f}, "
            f"F1 {known['f1']:.4f}"
        )
    lines += [f"model         {_served(one)}" for one in done.runs]
    lines += [f"not trained   {one['task']}: {one['reason']}" for one in done.untrained]
    return [*lines, f"published     {done.published.link}", f"report        {done.report}"]


def _served(run: facts.Row) -> str:
    """Return who serves a task with its figures, and whom it beat."""
    won = run["promoted"] or not run["baseline"]
    other = "baseline" if won else run["chosen"]
    shown = []
    for metric, found in run["metrics"].items():
        if metric in _SHOWN:
            figures = (found["value"], found["baseline"]) if won else (found["baseline"], found["value"])
            shown.append(f"{metric} {number(figures[0])} ({other} {number(figures[1])})")
    return f"{run['task']}: {run['serving']} serves, {', '.join(shown)}"

"""``profilectl watch``."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from profilectl import errors
from profilectl.commands._options import WORK, Json, ProjectDir
from profilectl.commands._update_text import render_problems, render_set_aside
from profilectl.console import emit_line
from profilectl.progress import waiting
from profilectl.project import Paths, locate_project
from profilectl.updating import retraining, runs
from profilectl.updating.watching import Watched, watch
from profilectl_ml.watermarks import utc_now

NAME, PANEL = "watch", WORK


def run(
    project_dir: ProjectDir = None,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.05, help="Look for files so often.")
    ] = 0.5,
    target: Annotated[
        float,
        typer.Option("--target", metavar="SECONDS", min=0, help="A file should be published within so long."),
    ] = 60.0,
    train: Annotated[
        str,
        typer.Option("--train", metavar="|".join(retraining.MODES), help="What is due, nothing, or all."),
    ] = retraining.AUTO,
    as_json: Json = False,
) -> None:
    """Update as files arrive, until interrupted; says how long they took to be published.

    Seconds count from a file's arrival in the landing folder to the moment readers see it; each is a row of
    ops.freshness. With --json there is one object in each line.

    Example: profilectl watch

    Example: profilectl watch --every 2 --target 120 --json
    """
    if train not in retraining.MODES:
        raise typer.BadParameter(f"{train!r} is none of {', '.join(retraining.MODES)}", param_hint="--train")
    project, paths = locate_project(project_dir), Paths.from_environment()
    # A service manager ends a watch so; what is being done is written down as interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with waiting(f"watching {paths.landing}", quiet=as_json) as progress:
        for one in watch(project, paths, every=every, train=train, tell=progress):
            _emit(one, target) if as_json else _render(one, target)


def _emit(one: Watched, target: float) -> None:
    told = {} if one.error is None else errors.as_json(one.error)
    updated = {} if one.updated is None else one.updated.as_json()
    emit_line({**updated, **told, "latency": one.latency, "target_seconds": target})
    if one.error is not None:
        errors.report_error(one.error)


def _render(one: Watched, target: float) -> None:
    if one.error is not None:
        errors.report_error(one.error)
    if one.updated is None:
        return
    run = one.updated.run
    if run.outcome == runs.PUBLISHED:
        seconds = sum(taken for _, taken in run.steps)
        typer.echo(
            f"{utc_now():%H:%M:%S} {run.version}: {run.files:,} files, {run.rows:,} rows,"
            f" {run.users:,} users, {seconds:.1f} s{_latency(one, target)}"
        )
    render_set_aside(one.updated.set_aside)
    render_problems(one.updated)


def _latency(one: Watched, target: float) -> str:
    if not one.latency["files"]:
        return ""
    p50, p95, slowest = (one.latency[name] for name in ("p50", "p95", "slowest"))
    met = "within" if p95 <= target else "MISSED: over"
    told = f"; from file to readers p50 {p50:.1f} s, p95 {p95:.1f} s, slowest {slowest:.1f} s"
    return f"{told} ({met} the target of {target:g} s)"

"""``profilectl update``."""

from __future__ import annotations

from typing import Annotated

import typer

from profilectl.commands._options import WORK, Json, ProjectDir
from profilectl.commands._update_text import render, render_problems
from profilectl.console import emit_line
from profilectl.errors import EXIT_FAILED
from profilectl.progress import waiting
from profilectl.project import Paths, locate_project
from profilectl.updating import loop, retraining

NAME, PANEL = "update", WORK


def run(
    project_dir: ProjectDir = None,
    train: Annotated[
        str,
        typer.Option(
            "--train", metavar="|".join(retraining.MODES), help="Train what is due, nothing, or all."
        ),
    ] = retraining.AUTO,
    as_json: Json = False,
) -> None:
    """Take what landed, build and score what it touches, check, publish: the one command for cron.

    It does nothing where nothing is new, and may be killed at any moment: the next run goes on from there.
    Published is only what passed its tests. Trains again when a model is too old, worse than its test, or
    users have changed (docs/updating.md). With --json each run is one line, also one that fails.

    Example: profilectl update

    Example: */5 * * * * profilectl update --json >> /var/log/profilectl.jsonl
    """
    if train not in retraining.MODES:
        raise typer.BadParameter(f"{train!r} is none of {', '.join(retraining.MODES)}", param_hint="--train")
    project, paths = locate_project(project_dir), Paths.from_environment()
    with waiting("updating", quiet=as_json) as progress:
        done = loop.update(project, paths, train=train, tell=progress)
    if as_json:
        emit_line(done.as_json())
        render_problems(done)  # what cron mails is stderr; the object goes to a log
    else:
        render(done)
    if not done.success:
        raise typer.Exit(EXIT_FAILED)

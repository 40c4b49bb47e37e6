"""``profilectl score``."""

from __future__ import annotations

from typing import Annotated

import typer

from profilectl.commands._model_text import render_unscored
from profilectl.commands._options import WORK, Json
from profilectl.console import emit_json
from profilectl.errors import EXIT_FAILED
from profilectl.progress import sharing
from profilectl.project import Paths

NAME, PANEL = "score", WORK


def run(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK]...", help="Default: every task with a model.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score everyone anew with the models that serve, without training: after a build, or for a new file.

    Segments and recommendations are made anew, too.

    Example: profilectl score

    Example: profilectl score spend_next_28d --json
    """
    from profilectl import serving  # scikit-learn is slow to import

    with sharing("scoring", quiet=as_json) as progress:
        done = serving.score(Paths.from_environment(), list(tasks or []), progress)
    if as_json:
        emit_json(done)
    else:
        for one in done:
            if not one["error"]:
                typer.echo(f"{one['task']}: {one['users']:,} users by {one['model_id']}")
        render_unscored(done)
    if any(one["error"] for one in done):
        raise typer.Exit(EXIT_FAILED)

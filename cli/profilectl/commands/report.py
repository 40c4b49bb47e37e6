"""``profilectl report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from profilectl import reporting
from profilectl.commands._options import WORK
from profilectl.progress import waiting
from profilectl.project import Paths

NAME, PANEL = "report", WORK


def run(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: PROFILECTL_HOME/report.html."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Read the working warehouse even if there is a published file.")
    ] = False,
) -> None:
    """Write one HTML page about users, data quality, identities, features and the model.

    It needs no network: send it to anyone who may see the numbers in it.

    Example: profilectl report -o profiles.html
    """
    with waiting("writing the report"):
        written = reporting.report(Paths.from_environment(), output=output, live=live)
    typer.echo(f"{written} ({written.stat().st_size / 1e6:.1f} MB)")

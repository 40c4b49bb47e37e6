"""``profilectl init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from profilectl import scaffold
from profilectl.commands._options import START

NAME, PANEL = "init", START


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")] = False,
) -> None:
    """Make a project of your own: the dbt project, its profile, a README.

    Example: profilectl init my_profiles && cd my_profiles && profilectl doctor
    """
    for made in scaffold.init(folder, force=force):
        typer.echo(f"  {made}")
    typer.echo(f"next: cd {folder} && profilectl doctor")

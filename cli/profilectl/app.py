"""The command line: one Typer app, one file per command, one error boundary."""

from __future__ import annotations

import os
from importlib.metadata import version as package_version
from typing import Annotated

import typer

from profilectl.commands import (
    build,
    dashboard,
    demo,
    diff,
    doctor,
    export,
    identity,
    init,
    models,
    publish,
    report,
    score,
    show,
    status,
    train,
    update,
    watch,
    why,
)
from profilectl.errors import BoundaryGroup

app = typer.Typer(
    name="profilectl",
    cls=BoundaryGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"profilectl {package_version('profilectl')}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the profiles of an organisation's users true as their data changes.

    Everything it makes lies under PROFILECTL_HOME (default: ./var).
    """


_COMMANDS = (
    *(init, demo, update, watch, build, train, score, publish, export, report, dashboard),
    *(diff, show, why, status, doctor),
)
for command in _COMMANDS:
    app.command(command.NAME, rich_help_panel=command.PANEL)(command.run)
for group in (identity, models):
    app.add_typer(group.group, name=group.NAME, rich_help_panel=group.PANEL)


def main() -> None:
    """Run the command line; the console script's entry point."""
    # Profiles are personal data: what we write is for the owner alone.
    os.umask(0o077)
    app()


if __name__ == "__main__":
    main()

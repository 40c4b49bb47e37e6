"""``profilectl dashboard``."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from profilectl.commands._options import LOOK
from profilectl.dashboard import serving
from profilectl.dashboard.hosts import is_loopback
from profilectl.project import Paths

NAME, PANEL = "dashboard", LOOK


def run(
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="The address of this machine to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8050,
    expose: Annotated[
        bool, typer.Option("--expose", help="Allow a host that other machines can reach. There is no log-in.")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the dashboard in the browser.")
    ] = False,
) -> None:
    """Show population, segments, users, data quality, models and freshness in the browser.

    It reads the published file, notices a new version by itself, and is there for this machine only.

    Example: profilectl dashboard --port 8051 --open
    """
    if not is_loopback(host):
        if not expose:
            raise typer.BadParameter(
                f"other machines could reach {host}; add --expose if they shall", param_hint="--host"
            )
        typer.echo(f"warning: anyone who reaches {host} sees personal data; there is no log-in", err=True)

    def ready(address: str) -> None:
        typer.echo(f"dashboard at {address} (Ctrl-C ends it)")
        if browser:
            webbrowser.open(address)

    serving.serve(Paths.from_environment(), host, port, ready)
    typer.echo("ended", err=True)

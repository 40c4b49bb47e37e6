"""The error boundary: the one place where an exception becomes a line and an exit code."""

from __future__ import annotations

import os
from typing import Any

import typer
from typer.core import TyperGroup

from profilectl_ml.errors import ProfilectlError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def report_error(error: ProfilectlError) -> None:
    """Write ``error`` to stderr as one ``error:`` line and, where known, one ``hint:`` line."""
    typer.echo(f"error: {error.message}", err=True)
    if error.hint:
        typer.echo(f"hint: {error.hint}", err=True)


class BoundaryGroup(TyperGroup):
    """The command group that catches what its commands raise.

    A ``ProfilectlError`` ends with exit code 1 and an interrupt with 130; with ``--debug`` the
    exception itself is shown. Usage errors stay with Typer, which ends with 2.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command inside the boundary."""
        try:
            return super().invoke(ctx)
        except ProfilectlError as error:
            if ctx.params.get("debug"):
                raise
            report_error(error)
            raise typer.Exit(EXIT_FAILED) from error
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from error
        except BrokenPipeError as error:
            # The reader of our output left (`profilectl show … | head`): nothing more to say,
            # and nothing more may be written while Python closes down.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(EXIT_FAILED) from error

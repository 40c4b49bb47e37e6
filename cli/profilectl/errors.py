"""The error boundary: the one place where an exception becomes a line and an exit code."""

from __future__ import annotations

import os
from typing import Any

import duckdb
import typer
from typer.core import TyperGroup

from profilectl.console import emit_line, printable
from profilectl_ml.errors import ProfilectlError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
#: Under this name a command's context knows that it was asked for JSON; see :func:`asked_for_json`.
_JSON = "profilectl.json"
#: Not defects: a full disk, a folder that is not ours, a limit that is too low.
OF_THE_MACHINE = (OSError, duckdb.IOException, duckdb.OutOfMemoryException)


def report_error(error: ProfilectlError) -> None:
    """Write ``error`` to stderr as one ``error:`` line and, where known, one ``hint:`` line."""
    typer.echo(printable(f"error: {error.message}"), err=True)
    if error.hint:
        typer.echo(printable(f"hint: {error.hint}"), err=True)


def asked_for_json(ctx: typer.Context, wanted: bool) -> bool:
    """Note on the command's context whether it is to print JSON; the callback of ``--json``."""
    ctx.meta[_JSON] = wanted
    return wanted


def as_json(error: BaseException) -> dict[str, Any]:
    """Return what ``--json`` prints of a command that failed before it had anything to print."""
    said = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__
    return {"success": False, "error": said, "hint": getattr(error, "hint", None)}


def of_the_machine(error: OSError | duckdb.Error) -> ProfilectlError | None:
    """Return what a disk, a system or DuckDB's limits said as one line; None where nothing says the cause."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return ProfilectlError(
            f"DuckDB needs more memory than it may use: {str(error).splitlines()[0]}",
            hint="raise PROFILECTL_MEMORY_LIMIT, such as 4GB",
        )
    if isinstance(error, duckdb.Error):
        return ProfilectlError(
            str(error).splitlines()[0], hint="check that the file is yours and the disk has room"
        )
    if error.strerror is None:
        return None
    if error.filename is None:
        return ProfilectlError(error.strerror, hint="where it happened: profilectl --debug, then the command")
    return ProfilectlError(
        f"{error.filename2 or error.filename}: {error.strerror}",
        hint="check that it is there and yours, and that the disk has room",
    )


class BoundaryGroup(TyperGroup):
    """The command group that catches what its commands raise.

    A ``ProfilectlError``, a file that cannot be read or written and a lack of memory end with exit code 1
    and an interrupt with 130; with ``--debug`` the exception itself is shown, as that of any defect is
    always. With ``--json`` all of them are an object on stdout, too, in one line. Usage errors stay with
    Typer, which ends with 2.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command inside the boundary."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            _emit(ctx, error)
            typer.echo("interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from error
        except BrokenPipeError as error:
            _close_stdout()
            raise typer.Exit(EXIT_FAILED) from error
        except (ProfilectlError, *OF_THE_MACHINE) as error:
            told = error if isinstance(error, ProfilectlError) else of_the_machine(error)
            _emit(ctx, told or error)
            if told is None or ctx.params.get("debug"):
                raise
            report_error(told)
            raise typer.Exit(EXIT_FAILED) from error
        except typer.BadParameter as error:
            # Pydantic, which Typer asks about values, says first that the error is one.
            error.message = error.message.removeprefix("Value error, ")
            raise
        except Exception as error:
            if not hasattr(error, "exit_code"):  # Typer's: wrong usage, and ends that a command asks for
                _emit(ctx, error)
            raise


def _emit(ctx: typer.Context, error: BaseException) -> None:
    if not ctx.meta.get(_JSON):
        return
    try:
        emit_line(as_json(error))
    except BrokenPipeError:
        _close_stdout()


def _close_stdout() -> None:
    # The reader of our output left (`profilectl show … | head`): nothing more to say,
    # and nothing more may be written while Python closes down.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

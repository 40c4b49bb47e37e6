"""What an update did, in a few lines."""

from __future__ import annotations

import typer

from profilectl import facts
from profilectl.commands._model_text import render_failed, render_unscored
from profilectl.console import printable
from profilectl.updating import runs
from profilectl.updating.loop import Updated

_SHOWN = 20
_FILES_IN_A_LINE = 3


def render(done: Updated) -> None:
    """Print what landed, was built, trained, scored and published; what went wrong on stderr."""
    run = done.run
    seconds = sum(taken for _, taken in run.steps)
    if run.outcome == runs.NOTHING_NEW:
        typer.echo(printable(f"nothing new: {run.reason}"))
    else:
        typer.echo(
            f"files: {run.files:,} taken ({run.bytes / 1e6:,.1f} MB), {run.files_rejected:,} rejected; "
            f"{run.rows:,} rows; {run.users:,} users made anew"
        )
    render_set_aside(done.set_aside)
    for row in run.retraining:
        what = "trained" if row["trained"] else "not trained"
        typer.echo(printable(f"{row['task']}: {what}: {row['reason']}"))
    for row in done.scored:
        if not row["error"]:
            typer.echo(printable(f"{row['task']}: {row['users']:,} users scored: {row['why']}"))
    if done.published is not None:
        took = ", ".join(f"{name} {taken:.1f}" for name, taken in run.steps)
        typer.echo(f"published {done.published.version} ({run.reason}); {seconds:.1f} s ({took})")
    render_problems(done)


def render_problems(done: Updated) -> None:
    """Write what went wrong to stderr, one line each."""
    for failure in done.failures[:_SHOWN]:
        typer.echo(printable(f"error: {failure}"), err=True)
    if done.failures and done.published is None:
        typer.echo("hint: nothing was published; readers keep the version they have", err=True)
    for file in done.refused[:_SHOWN]:
        told = "refused" if file["is_fatal"] else "passed over"
        line = f"warning: {file['file']} was {told}: {file['reason']} {file['detail']}"
        typer.echo(printable(line), err=True)
    if len(done.refused) > _SHOWN:
        typer.echo(f"warning: and {len(done.refused) - _SHOWN:,} more files: --json names all", err=True)
    render_failed(done.run.retraining)
    render_unscored(done.scored)


def render_set_aside(found: facts.SetAside) -> None:
    """Print in one line how many rows are in quarantine, and of which files most are; nothing without any."""
    if not found.rows:
        return
    named = [
        f"{file['file']}: " + ", ".join(f"{rows:,} {reason}" for reason, rows in file["reasons"].items())
        for file in found.worst[:_FILES_IN_A_LINE]
    ]
    if found.files > len(named):
        named.append(f"and {found.files - len(named):,} more")
    rows, files = "row" if found.rows == 1 else "rows", "file" if found.files == 1 else "files"
    where = "; ".join(named)
    told = (
        f"set aside: {found.rows:,} {rows} of {found.files:,} {files} ({where}); see marts.quarantined_rows"
    )
    typer.echo(printable(told))

"""``profilectl build``."""

from __future__ import annotations

from typing import Annotated

import typer

from profilectl import building, facts
from profilectl.commands._options import WORK, Json, ProjectDir
from profilectl.console import emit_json, printable, stdout, table
from profilectl.errors import EXIT_FAILED
from profilectl.progress import counting
from profilectl.project import Paths, locate_project

NAME, PANEL = "build", WORK
SHOWN = 20


def run(
    project_dir: ProjectDir = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild everything from raw.")
    ] = False,
    select: Annotated[str | None, typer.Option("--select", help="dbt's node selection.")] = None,
    as_json: Json = False,
) -> None:
    """Read what has landed, clean it, stitch identities, build and test the marts (dbt build).

    Example: profilectl build --select +dim_users
    """
    project, paths = locate_project(project_dir), Paths.from_environment()
    with counting("building", quiet=as_json) as progress:
        built = building.build(project, paths, full_refresh=full_refresh, select=select, progress=progress)
    if as_json:
        emit_json(built.as_json())
    else:
        render(built)
    if not built.dbt.success:
        raise typer.Exit(EXIT_FAILED)


def render(built: building.Built) -> None:
    """Print rows per source, files, users; then, on stderr, one line per failure."""
    console = stdout()
    names = ("landed", "shaped", "quarantined", "duplicates")
    if built.sources:
        rows = [[f"{row['source']}.{row['entity']}", *(row[name] for name in names)] for row in built.sources]
        rows.append(["total", *(facts.total(built.sources)[name] for name in names)])
        console.print(table(("source", *names), rows))
    console.print(f"{built.users:,} users, as of {built.as_of or 'no day yet'}; {built.dbt.seconds:.1f} s")
    console.print(f"files: {built.files_taken:,} taken, {len(built.files_rejected):,} rejected")
    for file in built.files_rejected[:SHOWN]:
        console.print(printable(f"  rejected {file['file']}: {file['reason']} {file['detail']}"))
    if len(built.files_rejected) > SHOWN:
        console.print(f"  and {len(built.files_rejected) - SHOWN:,} more: --json names all")
    render_failures(built)


def render_failures(built: building.Built) -> None:
    """Write what failed to stderr, one line each."""
    for failure in built.dbt.failures[:SHOWN]:
        typer.echo(printable(f"error: {failure}"), err=True)
    if built.dbt.failures:
        typer.echo(
            f"error: {len(built.dbt.failures)} failed, {built.dbt.skipped} skipped because of them, "
            f"{built.dbt.done} done",
            err=True,
        )

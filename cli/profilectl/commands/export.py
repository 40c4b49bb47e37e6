"""``profilectl export``."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from profilectl.commands._options import WORK, Json
from profilectl.console import emit_json
from profilectl.progress import sharing
from profilectl.project import Paths

NAME, PANEL = "export", WORK


class Format(StrEnum):
    """What BI tools read as files."""

    parquet = "parquet"
    csv = "csv"
    hyper = "hyper"


def run(
    kind: Annotated[Format, typer.Option("--format", "-f", help="hyper: for Tableau, needs pantab.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR|FILE",
            help="A folder, or one file by its ending. Default: PROFILECTL_HOME/exports/FORMAT.",
        ),
    ] = None,
    tables: Annotated[
        str | None,
        typer.Option(
            "--tables", metavar="NAMES", help="Commas between them; marts.* is all marts. Default: all."
        ),
    ] = None,
    version: Annotated[
        str, typer.Option("--version", metavar="NAME", help="current, previous or a version's name.")
    ] = "current",
    gzip: Annotated[bool, typer.Option("--gzip", help="CSV: compress the files.")] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="CSV for programs: no apostrophe before text that looks like a formula."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write tables of a published version as files for Power BI, Excel, Tableau or anything else.

    The files appear under their names when all are written and counted; export.json beside them says of
    which version they are.

    Example: profilectl export --format parquet --tables marts.user_profile,marts.user_scores

    Example: profilectl export --format hyper -o profiles.hyper
    """
    from profilectl.exporting import export  # pyarrow is slow to import

    if (gzip or raw) and kind is not Format.csv:
        raise typer.BadParameter("--gzip and --raw go with --format csv")
    names = [name.strip() for name in (tables or "").split(",") if name.strip()]
    with sharing("exporting", quiet=as_json) as progress:
        done = export(
            Paths.from_environment(),
            kind.value,
            output=output,
            tables=names,
            version=version,
            compressed=gzip,
            raw=raw,
            progress=progress,
        )
    if as_json:
        emit_json(asdict(done))
        return
    rows = sum(table["rows"] for table in done.tables)
    size = f"{rows:,} rows, {done.bytes / 1e6:,.1f} MB"
    typer.echo(f"{done.version}: {len(done.tables)} tables and views, {size}, {done.seconds:.1f} s")
    typer.echo(str(done.output))

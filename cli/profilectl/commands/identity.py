"""``profilectl identity``: a group of commands about stitching."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from profilectl.commands import identity_preview
from profilectl.commands._options import LOOK, Json
from profilectl.commands._pairs import PairsCommand
from profilectl.console import emit_json, records_table, stdout
from profilectl.identity_health import identity_health
from profilectl.project import Paths
from profilectl.warehouse import connect

NAME, PANEL = "identity", LOOK
group = typer.Typer(no_args_is_help=True)


@group.callback()
def about() -> None:
    """Look into how identifiers became users.

    Example: profilectl identity health
    """


group.command("preview", cls=PairsCommand)(identity_preview.run)


@group.command("health")
def health(
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Parquet or CSV: identifier_type, identifier_value, person_id. Or the demo's truth folder.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Sizes, largest users, churn per load, blocked identifiers and what each would have joined.

    Example: profilectl identity health --truth var/truth
    """
    with connect(Paths.from_environment()) as connection:
        found = identity_health(connection, truth)
    if as_json:
        emit_json(found)
    else:
        render(found)


def render(found: dict[str, Any]) -> None:
    """Print totals in a few lines, the rest as tables."""
    console = stdout()
    console.print(f"users        {found['users']:,} of {found['identifiers']:,} identifiers")
    if found["users"]:
        console.print(f"single       {found['single_identifier_share']:.1%} have one identifier only")
    if found["stitching"]:
        score = found["stitching"]
        measures = (f"{name} {score[name]:.4f}" for name in ("precision", "recall", "f1"))
        console.print(f"stitching    {', '.join(measures)}")
        several = (
            f"; {score['several_people']:,} of several people left out" if score["several_people"] else ""
        )
        console.print(
            f"truth        {score['identifiers']:,} identifiers, {score['unresolved']:,} unresolved{several}"
        )
    for title in ("sizes", "largest", "churn", "causes", "blocked"):
        if found[title]:
            console.print()
            console.print(records_table(found[title], title))

"""``profilectl diff``."""

from __future__ import annotations

from typing import Annotated

import typer

from profilectl.commands import _diff_text
from profilectl.commands._options import LOOK, Json
from profilectl.console import emit_json
from profilectl.progress import waiting
from profilectl.project import Paths
from profilectl.version_names import CURRENT, PREVIOUS

NAME, PANEL = "diff", LOOK


def run(
    before: Annotated[
        str, typer.Argument(metavar="[V1]", help="previous, current or a version's name.", show_default=False)
    ] = PREVIOUS,
    after: Annotated[
        str, typer.Argument(metavar="[V2]", help="The same; what V1 is compared with.", show_default=False)
    ] = CURRENT,
    largest: Annotated[int, typer.Option("--largest", min=0, help="Largest moves listed.")] = 5,
    as_json: Json = False,
) -> None:
    """Show what changed between two published versions: users, scores, segments, models, rows.

    Without names it compares the version before with the current one.

    Example: profilectl diff

    Example: profilectl diff profiles-20240501T060000Z-1 current --json
    """
    from profilectl.version_diff import diff

    with waiting("comparing", quiet=as_json):
        found = diff(Paths.from_environment(), before, after, largest=largest)
    if as_json:
        emit_json(found)
    else:
        _diff_text.render(found)

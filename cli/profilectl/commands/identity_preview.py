"""``profilectl identity preview``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from profilectl.commands._options import Json, ProjectDir
from profilectl.commands._pairs import by_two
from profilectl.commands._preview_text import render
from profilectl.console import emit_json
from profilectl.identity_preview import Override, parse_variables, preview
from profilectl.progress import waiting
from profilectl.project import Paths, locate_project

MORE = "as if an override said so; can be repeated."
Block = Annotated[list[str], typer.Option(metavar="ID", help=f"Link nobody by this identifier, {MORE}")]
Allow = Annotated[list[str], typer.Option(metavar="ID", help=f"Let no rule block this identifier, {MORE}")]
Together = Annotated[list[str], typer.Option(metavar="A B", help=f"Tie these two to one user, {MORE}")]
Apart = Annotated[list[str], typer.Option(metavar="A B", help=f"Keep these two apart, {MORE}")]


def run(
    project_dir: ProjectDir = None,
    variables: Annotated[
        str | None,
        typer.Option(
            "--vars",
            metavar="YAML",
            help="Vars identity_*, as dbt takes them: a mapping replaces the project's whole one.",
        ),
    ] = None,
    block: Block = [],  # noqa: B006
    allow: Allow = [],  # noqa: B006
    together: Together = [],  # noqa: B006
    apart: Apart = [],  # noqa: B006
    examples: Annotated[int, typer.Option(min=0, help="Examples of each kind of change.")] = 5,
    as_json: Json = False,
) -> None:
    """What changed seeds and vars would do to users, before any build: nothing is written.

    Example: profilectl identity preview --block email=office@example.org
    """
    project, paths = locate_project(project_dir), Paths.from_environment()
    overrides = [
        *(Override("block", (name,)) for name in block),
        *(Override("allow", (name,)) for name in allow),
        *(Override("together", pair) for pair in by_two(together)),
        *(Override("apart", pair) for pair in by_two(apart)),
    ]
    with waiting("preview", quiet=as_json) as on_step:
        found = preview(
            project,
            paths,
            overrides=overrides,
            variables=parse_variables(variables, project) if variables else None,
            examples=examples,
            on_step=on_step,
        )
    if as_json:
        emit_json(asdict(found))
    else:
        render(found)

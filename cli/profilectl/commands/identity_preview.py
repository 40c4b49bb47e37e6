"""``profilectl identity preview``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from profilectl.commands._options import Json, ProjectDir
from profilectl.commands._preview_text import render
from profilectl.console import emit_json
from profilectl.identity_preview import Override, parse_variables, preview
from profilectl.progress import waiting
from profilectl.project import Paths, locate_project

MORE = "as if an override said so; can be repeated."
Block = Annotated[list[str], typer.Option(metavar="ID", help=f"Link nobody by this identifier, {MORE}")]
Allow = Annotated[list[str], typer.Option(metavar="ID", help=f"Let no rule block this identifier, {MORE}")]
Together = Annotated[tuple[str, str] | None, typer.Option(metavar="A B", help="Tie these two to one user.")]
Apart = Annotated[tuple[str, str] | None, typer.Option(metavar="A B", help="Keep these two apart.")]


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
    together: Together = None,
    apart: Apart = None,
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
        *(Override(action, pair) for action, pair in (("together", together), ("apart", apart)) if pair),
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

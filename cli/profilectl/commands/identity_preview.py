"""``profilectl identity preview``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from profilectl.commands._options import Json, ProjectDir
from profilectl.console import emit_json, number, stdout, table
from profilectl.identity_cases import Preview
from profilectl.identity_preview import Override, parse_variables, preview
from profilectl.progress import waiting
from profilectl.project import Paths, locate_project

Names = Annotated[list[str], typer.Option(metavar="ID", help="As if the overrides said so.")]
Pair = Annotated[tuple[str, str] | None, typer.Option(metavar="A B", help="As if the overrides said so.")]


def run(
    project_dir: ProjectDir = None,
    variables: Annotated[
        str | None,
        typer.Option(
            "--vars",
            metavar="YAML",
            help="Vars, as dbt takes them: a mapping replaces the project's whole one.",
        ),
    ] = None,
    block: Names = [],  # noqa: B006
    allow: Names = [],  # noqa: B006
    together: Pair = None,
    apart: Pair = None,
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


def render(found: Preview) -> None:
    """Print totals, what is blocked or no longer, and the examples with the users before and after."""
    console = stdout()
    console.print(
        f"users        {found.users_before:,} -> {found.users_after:,}, {found.users_touched:,} touched"
    )
    console.print(f"cases        {', '.join(f'{number(n)} {kind}' for kind, n in found.cases.items())}")
    for title, rows in (("newly blocked", found.blocked), ("no longer blocked", found.unblocked)):
        if rows:
            lines = [[row["type"], row["rule"], row["identifiers"], ", ".join(row["some"])] for row in rows]
            console.print()
            console.print(table(("type", "rule", "identifiers", "such as"), lines, title))
    for case in found.examples:
        console.print()
        why = f"{case['cause']}: {number(case['cause_detail'])}" if case["cause_detail"] else case["cause"]
        console.print(f"{case['kind']}, {case['moving']:,} identifiers change their user ({why})")
        for side in ("before", "after"):
            for user in case[side]:
                more = ", ..." * (user["identifiers"] > len(user["some"]))
                names = number(", ".join(user["some"]))
                console.print(f"  {side:<7}{user['user_id']} ({user['identifiers']:,}): {names}{more}")
            if case[f"users_{side}"] > len(case[side]):
                console.print(f"  {side:<7}and {case[f'users_{side}'] - len(case[side]):,} more users")
    for row in found.waiting:
        console.print(
            f"nobody has seen {row['type']}={row['value']}: the override to {row['action']} it waits"
        )

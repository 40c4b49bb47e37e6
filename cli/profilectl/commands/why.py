"""``profilectl why``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from profilectl import explaining
from profilectl.commands._options import LOOK, Json
from profilectl.console import emit_json, printable, stdout, table
from profilectl.project import Paths
from profilectl.warehouse import connect

NAME, PANEL = "why", LOOK


def run(
    one: Annotated[
        str, typer.Argument(help="An identifier (value, or type=value), or a user id.", show_default=False)
    ],
    other: Annotated[
        str | None, typer.Argument(help="Another one; without it, the whole user.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain why identifiers are one user: the records that tie them, file and row.

    Example: profilectl why ann@example.org card=K1
    """
    with connect(Paths.from_environment()) as connection:
        if other is None:
            found = explaining.explain_user(connection, one)
        else:
            found = explaining.explain_link(connection, one, other)
    if as_json:
        emit_json(found)
    else:
        render(found)


def render(found: dict[str, Any]) -> None:
    """Print the answer in one line, and the chain as a table."""
    console = stdout()
    console.print(printable(_answer(found)))
    if found["chain"]:
        console.print()
        rows = [
            [
                step["identifier"],
                step["other"],
                _evidence(step),
                *(step[name] for name in ("row", "at", "records")),
            ]
            for step in found["chain"]
        ]
        console.print(table(("identifier", "came with", "first in file", "row", "at", "records"), rows))
    for blocked in found.get("kept_apart_by", []):
        name = f"{blocked['type']}={blocked['value']}"
        console.print(printable(f"both meet {name}, which links nobody ({blocked['block_reason']})"))
    for kept in found.get("overrides", []):
        console.print(
            printable(f"an override keeps {kept['one']} and {kept['other']} apart: {kept['reason']}")
        )


def _evidence(step: dict[str, Any]) -> str:
    return str(step["file"]) if step["override"] is None else f"override: {step['override']}"


def _answer(found: dict[str, Any]) -> str:
    if "named_by" in found:
        named = found["named_by"]
        return f"{found['user_id']} is named by {named['type']}={named['value']}"
    one, other = (f"{found[end]['type']}={found[end]['value']}" for end in ("one", "other"))
    if found["linked"]:
        return f"{one} and {other} are {found['user_id']}"
    for end, name in (("one", one), ("other", other)):
        if found[end]["user_id"] is None:
            return f"{name} links nobody ({found[end]['block_reason'] or 'no record carries it any more'})"
    told = "kept apart" if found["overrides"] else "no record ties them"
    return f"{one} is {found['one']['user_id']}, {other} is {found['other']['user_id']}: {told}"

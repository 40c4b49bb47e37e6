"""``profilectl show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from profilectl import profile
from profilectl.commands._options import LOOK, Json
from profilectl.console import emit_json, records_table, stdout, table
from profilectl.project import Paths
from profilectl.warehouse import connect

NAME, PANEL = "show", LOOK
FEATURES = 24


def run(
    user: Annotated[
        str, typer.Argument(help="A user id, or an identifier such as an e-mail.", show_default=False)
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Every feature, not the first two dozen.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one user's profile: attributes and where each is from, identifiers, features, scores, events.

    Example: profilectl show ann@example.org
    """
    with connect(Paths.from_environment()) as connection:
        found = profile.load_profile(connection, profile.find_user(connection, user))
    if as_json:
        emit_json(found)
    else:
        render(found, None if everything else FEATURES)


def render(found: dict[str, Any], features: int | None) -> None:
    """Print the profile as a few small tables."""
    console = stdout()
    console.print(found["user_id"], style="bold")
    known = [
        [name, value, *(found["origins"].get(name, {}).get(part, "") for part in profile.ORIGIN)]
        for name, value in found["attributes"].items()
        if value is not None
    ]
    console.print(table(("attribute", "value", "source", "updated at"), known))
    told = [[name, value] for name, value in found["features"].items() if value is not None and value != 0]
    for title, rows in (
        ("identifier", [list(row.values())[:2] for row in found["identifiers"]]),
        ("feature", told[:features]),
    ):
        if rows:
            console.print()
            console.print(table((title, "value"), rows))
    if features and len(told) > features:
        console.print(f"… {len(told) - features} more features: --all")
    for key in ("scores", "latest_events", "changes"):
        if found[key]:
            console.print()
            console.print(records_table(found[key]))

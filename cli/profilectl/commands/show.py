"""``profilectl show``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from profilectl import profile, profile_history
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
    on: Annotated[
        datetime | None,
        typer.Option(
            "--on",
            metavar="DAY",
            formats=["%Y-%m-%d"],
            help="As the last build of that day left it (2017-06-30).",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one user's profile: attributes and where each is from, identifiers, features, scores, events.

    Example: profilectl show ann@example.org --on 2017-06-30
    """
    if not profile.is_text(user):
        raise profile.nobody(user)
    with connect(Paths.from_environment()) as connection:
        if on is None:
            found = profile.load_profile(connection, profile.find_user(connection, user))
        else:
            found = profile_history.load_profile_on(connection, user, on.date())
    if as_json:
        emit_json(found)
    else:
        render(found, None if everything else FEATURES)


def render(found: dict[str, Any], features: int | None) -> None:
    """Print the profile as a few small tables."""
    console = stdout()
    console.print(found["user_id"], style="bold")
    if "valid_from" in found:
        until = f" to before {found['valid_to']}" if found["valid_to"] else ""
        console.print(f"as built on {found['valid_from']}{until}")
    origins = found.get("origins", {})
    known = [
        [name, value, *(origins.get(name, {}).get(part, "") for part in (profile.ORIGIN if origins else ()))]
        for name, value in found["attributes"].items()
        if value is not None
    ]
    console.print(table(("attribute", "value", "source", "updated at")[: 4 if origins else 2], known))
    # nought in four weeks is what tells that someone stayed away; of two dozen, what there is tells more
    told = [
        [name, value]
        for name, value in found["features"].items()
        if value is not None and (features is None or value != 0)
    ]
    for title, rows in (
        ("identifier", [list(row.values())[:2] for row in found.get("identifiers", [])]),
        ("feature", told[:features]),
    ):
        if rows:
            console.print()
            console.print(table((title, "value"), rows))
    if features and len(found["features"]) > features:
        console.print(f"… {len(found['features']) - min(features, len(told))} more features: --all")
    for key in ("scores", "latest_events", "changes"):
        if found.get(key):
            console.print()
            console.print(records_table(found[key]))

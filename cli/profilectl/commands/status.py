"""``profilectl status``."""

from __future__ import annotations

from typing import Any

from profilectl import status as state
from profilectl.commands._model_text import metric_table
from profilectl.commands._options import LOOK, Json
from profilectl.console import emit_json, number, stdout, table
from profilectl.project import Paths

NAME, PANEL = "status", LOOK


def run(as_json: Json = False) -> None:
    """Show the state of everything: rows per source, users, models, the published version.

    Example: profilectl status --json
    """
    found = state.status(Paths.from_environment())
    if as_json:
        emit_json(found)
    else:
        render(found)


def _outcome(run: dict[str, Any]) -> str:
    if run["success"]:
        return "ok"
    if run["interrupted"]:
        return "interrupted"
    names = [node.split(".")[2] for node in run["failed"]]
    return f"failed at {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def render(found: dict[str, Any]) -> None:
    """Print the state as a few lines and two tables."""
    console = stdout()
    console.print(f"home       {found['home']}", soft_wrap=True)
    run = found["last_run"]
    ended = f"{run['finished_at']}, {_outcome(run)}, {run['seconds']} s" if run else "never"
    console.print(f"last build {ended}")
    published = found["published"]
    console.print(f"published  {published['version'] if published else 'nothing yet: profilectl publish'}")
    if not found["warehouse"]["exists"]:
        console.print("warehouse  none yet: profilectl build")
        return
    kinds = ", ".join(f"{number(count)} {kind}" for kind, count in found["identifiers"].items())
    console.print(
        f"users      {number(found['users'])} as of {found['as_of'] or '-'} ({kinds or 'no identifiers'})",
        soft_wrap=True,
    )
    names = ("landed", "shaped", "quarantined", "duplicates")
    if found["sources"]:
        console.print()
        rows = [
            [f"{row['source']}.{row['entity']}", *(row[name] for name in names)] for row in found["sources"]
        ]
        console.print(table(("source", *names), rows))
    for model in found["models"]:
        worse = " (the model was no better)" if model["serving"] == model["baseline"] else ""
        console.print(
            f"\nmodel {model['task']}: {model['serving']}{worse} serves,"
            f" trained {model['created_at']:%Y-%m-%d %H:%M}",
            soft_wrap=True,
        )
        if model["metrics"]:
            console.print(metric_table(model))

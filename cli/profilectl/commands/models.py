"""``profilectl models``: a group of commands about stored models."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from profilectl.commands import _card_text
from profilectl.commands._options import LOOK, Json
from profilectl.console import emit_json
from profilectl.project import Paths

NAME, PANEL = "models", LOOK
group = typer.Typer(no_args_is_help=True)

Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="For the log; no personal data, it is published.")
]


@group.callback()
def about() -> None:
    """Look at the stored models, and change which of them serves.

    Example: profilectl models list
    """


@group.command("list")
def list_(
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="Only of this task.")] = None,
    as_json: Json = False,
) -> None:
    """List the models, the newest first, and which of them serve.

    Example: profilectl models list --task spend_next_28d
    """
    from profilectl import serving  # scikit-learn is slow to import

    found = serving.models(Paths.from_environment(), task)
    if as_json:
        emit_json(found)
    elif not found:
        typer.echo("no models yet: profilectl train")
    else:
        # Ids are for copying, so no line is wrapped; each begins with its task and ends with its candidate.
        width = max(len(one["model_id"]) for one in found)
        for one in found:
            figure = "-" if one["metric"] is None else f"{one['metric']} {one['value']:.4g} on the test rows"
            typer.echo(f"{one['model_id']:<{width}}  {'serves' if one['serving'] else '':<6}  {figure}")


@group.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model's id, or a task: its serving model.")],
    everything: Annotated[bool, typer.Option("--all", help="Every row of every table.")] = False,
    as_json: Json = False,
) -> None:
    """Show the card of a model: data, choice, metrics, features, how it does on parts, and its known limits.

    Example: profilectl models show spend_next_28d
    """
    from profilectl import serving

    found = serving.card(Paths.from_environment(), name)
    if as_json:
        emit_json(found)
    else:
        _card_text.render(found, everything=everything)


@group.command("promote")
def promote(
    model_id: Annotated[str, typer.Argument(metavar="MODEL_ID", help="See: profilectl models list.")],
    reason: Reason = "by hand",
    as_json: Json = False,
) -> None:
    """Let a stored model serve its task: it scores everyone, in one step with the change.

    Example: profilectl models promote spend_next_28d-20240501T080000000000-ridge --reason "easier to explain"
    """
    from profilectl import serving

    _changed(serving.promote(Paths.from_environment(), model_id, reason), as_json)


@group.command("rollback")
def rollback(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task whose model is to go.")],
    reason: Reason = "by hand",
    as_json: Json = False,
) -> None:
    """Let the model serve again that served before the present one; again, and it is the one before that.

    Example: profilectl models rollback spend_next_28d --reason "scores look wrong"
    """
    from profilectl import serving

    _changed(serving.rollback(Paths.from_environment(), task, reason), as_json)


@group.command("retire")
def retire(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task whose model is to go.")],
    reason: Reason = "by hand",
    as_json: Json = False,
) -> None:
    """Take a task's model out of service, and what it gave users with it; rollback lets it serve again.

    A task that the dbt project declares is trained again by the next update: take its exposure out first.

    Example: profilectl models retire trial_customers --reason "the trial is over"
    """
    from profilectl import serving

    change = serving.retire(Paths.from_environment(), task, reason)
    if as_json:
        emit_json(change)
    else:
        typer.echo(f"{task}: {change['before']} is retired; back to it: profilectl models rollback {task}")


def _changed(change: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit_json(change)
        return
    typer.echo(f"{change['task']}: {change['model_id']} serves {change['users']:,} users")
    if change["before"] == change["model_id"]:
        typer.echo("it served before, too")
    elif change["before"]:
        typer.echo(f"before: {change['before']}; back to it: profilectl models promote {change['before']}")

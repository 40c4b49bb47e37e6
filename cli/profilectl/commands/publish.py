"""``profilectl publish``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from profilectl import publishing
from profilectl.commands._options import WORK, Json
from profilectl.console import emit_json
from profilectl.progress import waiting
from profilectl.project import Paths

NAME, PANEL = "publish", WORK


def run(
    as_json: Json = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the version before.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Write everything anew, not only what changed since.")
    ] = False,
) -> None:
    """Write marts and scores to a new file and switch the published name to it, atomically.

    Readers are never locked out and never see half a version. PROFILECTL_KEEP_VERSIONS versions are kept (3).

    Example: profilectl publish --json

    Example: profilectl publish --rollback
    """
    if rollback and full:
        raise typer.BadParameter("writes no file: leave --full out", param_hint="--rollback")
    paths = Paths.from_environment()
    if rollback:
        version = publishing.rollback(paths)
        emit_json({"version": version}) if as_json else typer.echo(f"back to {version}")
        return
    with waiting("publishing", quiet=as_json) as progress:
        done = publishing.publish(paths, progress, full=full)
    if as_json:
        emit_json(asdict(done))
        return
    total = sum(done.tables.values())
    how = "all anew" if done.is_whole else "what changed"
    typer.echo(
        f"{done.version}: {len(done.tables)} tables, {len(done.views)} views, {total:,} rows, "
        f"{done.bytes / 1e6:,.1f} MB, {done.seconds:.1f} s ({how})"
    )
    typer.echo(f"open it as {done.link}")

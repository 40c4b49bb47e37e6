"""``profilectl doctor``."""

from __future__ import annotations

from dataclasses import asdict

import typer

from profilectl import doctor
from profilectl.commands._options import LOOK, Json, ProjectDir
from profilectl.console import emit_json, stdout
from profilectl.errors import EXIT_FAILED
from profilectl.project import Paths

NAME, PANEL = "doctor", LOOK
STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def run(project_dir: ProjectDir = None, as_json: Json = False) -> None:
    """Check the environment, and say how to fix what is wrong. Ends with 1 if something must be fixed.

    Example: profilectl doctor
    """
    checks = doctor.examine(Paths.from_environment(), project_dir)
    failed = [check for check in checks if check.state == "fail"]
    if as_json:
        emit_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        console = stdout()
        for check in checks:
            console.print(f"{check.state:<5}", style=STYLES[check.state], end="")
            console.print(f"{check.name:<10} {check.found}", soft_wrap=True)
            if check.fix:
                console.print(f"{'':<16}fix: {check.fix}", soft_wrap=True)
    if failed:
        raise typer.Exit(EXIT_FAILED)

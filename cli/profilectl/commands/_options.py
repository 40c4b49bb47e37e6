"""Options that several commands take, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

START = "Start here"
WORK = "From files to profiles"
LOOK = "Look inside"
EVERYTHING_HINT = "every row, the settings tried, the reliability: --all"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
ProjectDir = Annotated[
    Path | None,
    typer.Option("--project-dir", metavar="DIR", help="The dbt project folder. Default: ./dbt_project."),
]

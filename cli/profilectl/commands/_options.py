"""Options that several commands take, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from profilectl.errors import asked_for_json

START = "Start here"
WORK = "From files to profiles"
LOOK = "Look inside"
EVERYTHING_HINT = "every row, the settings tried, the reliability: --all"

Json = Annotated[
    bool,
    typer.Option(
        "--json", callback=asked_for_json, help="Print one JSON object instead of text; of a failure, too."
    ),
]
ProjectDir = Annotated[
    Path | None,
    typer.Option("--project-dir", metavar="DIR", help="The dbt project folder. Default: ./dbt_project."),
]

"""Model health: one page for each task, with the report's figures."""

from __future__ import annotations

from functools import partial
from typing import Any

from dash import html

from profilectl import facts
from profilectl.dashboard import blocks
from profilectl.dashboard.source import Connection, Version
from profilectl.facts import Row
from profilectl.reporting.data import ReportData
from profilectl.reporting.learning import model_sections
from profilectl.reporting.words import spoken

LEAD = "Whether each model beats the rule of thumb, where it is weak, and whether its features drift."


def page(version: Version, task: str) -> Any:
    """Return the page of ``task``, or of the first one."""
    runs = version.answer("runs", facts.models)
    names = [run["task"] for run in runs]
    if not names:
        return blocks.page("Models", LEAD, *(blocks.section(one) for one in model_sections([])))
    if task and task not in names:
        unknown = blocks.state("No such task", f"No model was trained for {task}.")
        return blocks.page("Models", LEAD, _parts(runs, ""), unknown)
    chosen = task or names[0]
    return blocks.page(
        "Models", LEAD, _parts(runs, chosen), version.answer(f"model {chosen}", partial(_made, chosen))
    )


def _made(task: str, connection: Connection) -> Any:
    found = ReportData(connection)
    # A version published since may have lost the task: then there is nothing to say of it.
    made = [found.task(run) for run in found.runs if run["task"] == task]
    return html.Div([blocks.section(one) for one in model_sections(made)])


def _parts(runs: list[Row], chosen: str) -> html.Nav:
    links = []
    for run in runs:
        name = run["task"]
        links.append(blocks.link(spoken(name), f"/models/{name}", here=name == chosen))
    return html.Nav(links, className="parts", **blocks.aria(label="Tasks"))

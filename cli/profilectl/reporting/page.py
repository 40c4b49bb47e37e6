"""Renders the page: one file, everything inline, every value escaped, nothing fetched."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from profilectl.console import finite, number
from profilectl.reporting.data import ReportData
from profilectl.reporting.sections import Section

TEMPLATES = Path(__file__).with_name("templates")


def render(sections: list[Section], facts: ReportData, source: str) -> str:
    """Return the page as text.

    Parameters
    ----------
    sections
        What to show, in order.
    facts
        The numbers for the header.
    source
        What was read: the published version or the working warehouse.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    figures = {block.key: block.figure for section in sections for block in section.blocks if block.figure}
    return environment.get_template("report.html").render(
        sections=sections,
        facts=facts,
        source=source,
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        landed=sum(row["landed"] or 0 for row in facts.quality),
        aside=sum((row["quarantined"] or 0) + (row["duplicates"] or 0) for row in facts.quality),
        # Our own files and Plotly's, none of it data: they are the only things not escaped.
        style=_own("look.css", "report.css"),
        script=_own("figures.js", "report.js"),
        plotly=Markup(get_plotlyjs()),  # noqa: S704
        figures=Markup(script_json(figures)),  # noqa: S704
    )


def _own(*names: str) -> Markup:
    return Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names))  # noqa: S704


def script_json(value: object) -> str:
    """Return ``value`` as JSON that cannot end the script element it stands in.

    Examples
    --------
    >>> script_json({"a": "</script>"})
    '{"a":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(finite(value), separators=(",", ":"), default=str, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text

"""Population and trends."""

from __future__ import annotations

from typing import Any

from profilectl.dashboard import blocks
from profilectl.dashboard.source import Connection, Version
from profilectl.reporting import sections
from profilectl.reporting.data import ReportData
from profilectl.reporting.population import population, trends


def page(version: Version, _: str) -> Any:
    """Return the page."""
    return version.answer("population", _made)


def _made(connection: Connection) -> Any:
    facts = ReportData(connection)
    active = {row["days"]: row["users"] for row in facts.active}
    landed = sum(row["landed"] or 0 for row in facts.quality)
    return blocks.page(
        "Population and trends",
        "Who the users are, and what they do.",
        blocks.tiles(
            [
                ("users", facts.users),
                ("active in the last 28 days", active.get(28)),
                ("events", facts.events),
                ("rows landed", landed),
            ]
        ),
        *(blocks.section(one) for one in (population(facts), trends(facts), sections.features(facts))),
    )

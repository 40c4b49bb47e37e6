"""Data quality: what was set aside and why, and whether identities look healthy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from profilectl import facts as warehouse_facts
from profilectl.dashboard import blocks
from profilectl.dashboard.source import Connection, Version
from profilectl.reporting import sections
from profilectl.reporting.data import ReportData
from profilectl.reporting.identity import identity_section
from profilectl.reporting.sections import percent


def page(version: Version, _: str) -> Any:
    """Return the page."""
    return version.answer("quality", _made)


def _made(connection: Connection) -> Any:
    facts = ReportData(connection)
    total = warehouse_facts.total(facts.quality)
    return blocks.page(
        "Data quality",
        "Where every landed row went, and what ties identifiers together.",
        blocks.tiles(
            [
                ("rows landed", total["landed"]),
                ("used", percent(total["shaped"], total["landed"])),
                ("in quarantine", total["quarantined"]),
                ("duplicates", total["duplicates"]),
            ]
        ),
        blocks.section(replace(sections.quality(facts), title="Landed rows")),
        blocks.section(identity_section(facts)),
    )

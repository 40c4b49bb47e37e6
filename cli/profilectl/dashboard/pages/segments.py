"""Audience segments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from profilectl.dashboard import blocks
from profilectl.dashboard.source import Connection, Version
from profilectl.reporting.data import ReportData
from profilectl.reporting.segments import segment_sections
from profilectl.reporting.words import spoken


def page(version: Version, _: str) -> Any:
    """Return the page."""
    return version.answer("segments", _made)


def _made(connection: Connection) -> Any:
    # The page's own heading says already that these are segments.
    made = [
        blocks.section(replace(one, title=spoken(one.title.partition(": ")[2] or one.title)))
        for one in segment_sections(ReportData(connection))
    ]
    return blocks.page("Segments", "Groups of users that behave alike, and how each differs from all.", *made)

"""The pages: which path shows what, and what stands there where it cannot be shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import duckdb

from profilectl import facts
from profilectl.dashboard import blocks
from profilectl.dashboard.pages import freshness, models, population, quality, segments, user
from profilectl.dashboard.source import Connection, Version
from profilectl.reporting import words
from profilectl_ml.errors import ProfilectlError

#: First part of the path, name in the navigation, and what makes the page of the rest of the path.
PAGES: tuple[tuple[str, str, Callable[[Version, str], Any]], ...] = (
    ("", "Population", population.page),
    ("segments", "Segments", segments.page),
    ("user", "User", user.page),
    ("quality", "Data quality", quality.page),
    ("models", "Models", models.page),
    ("freshness", "Freshness", freshness.page),
)


def shown(version: Version, path: str) -> Any:
    """Return the page at ``path``, or what is the matter and what to do about it."""
    first, _, rest = path.strip("/").partition("/")
    make = next((make for name, _, make in PAGES if name == first), None)
    if make is None:
        return blocks.state("No such page", f"There is nothing at {path}: choose one of the pages above.")
    try:
        return make(version, rest)
    except ProfilectlError as error:
        return blocks.state("This page cannot be shown", error.message, error.hint)
    except duckdb.Error as error:
        # Published by another version of profilectl, or damaged where opening it did not show.
        message = f"The published file cannot be read: {str(error).splitlines()[0]}"
        return blocks.state("This page cannot be shown", message, "profilectl build && profilectl publish")


def navigation(path: str) -> list[Any]:
    """Return the links to all pages; the one that is open is marked."""
    first = path.strip("/").partition("/")[0]
    links = []
    for name, label, _ in PAGES:
        links.append(blocks.link(label, f"/{name}", here=name == first))
    return links


def note(version: Version) -> str:
    """Return which version is shown and since when, in one line; empty where none is."""
    try:
        [about] = version.answer("publication", _publication)
    except (ProfilectlError, duckdb.Error):
        # The page itself says what is the matter.
        return ""
    # Told anew for each page: an answer is kept for longer than a day is today.
    today = datetime.now(UTC).date()
    when = "today" if about["published_at"].date() == today else f"on {words.day(about['published_at'])}"
    return f"Published {when} at {about['published_at']:%H:%M} UTC, data up to {words.day(about['as_of'])}"


def _publication(connection: Connection) -> list[facts.Row]:
    return facts.rows(connection, "select published_at, as_of from meta.publication")

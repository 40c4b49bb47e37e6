"""A published file with what a build and a training of all kinds leave, and a client of the app."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from profilectl import publishing
from profilectl.dashboard.source import Source, Version
from profilectl.project import Paths

TOLD = Path(__file__).with_name("told_warehouse.sql")
COMMENTED = "comment on column marts.user_features.spend_91d is 'Spend in the last 91 days [currency]'"


@pytest.fixture
def told(small_warehouse: Paths) -> Paths:
    """A home whose published file knows segments, reasons, recommendations and links."""
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute(TOLD.read_text())
    file = publishing.publish(small_warehouse).file
    with duckdb.connect(str(file)) as connection:
        connection.execute(COMMENTED)
    return small_warehouse


@pytest.fixture
def version(told: Paths) -> Version:
    """The published version as pages read it."""
    return Source(told).shown()

"""Fixtures for landing."""

from __future__ import annotations

from pathlib import Path

import pytest
from landing_folder import LandingFolder


@pytest.fixture
def folder(tmp_path: Path) -> LandingFolder:
    return LandingFolder(tmp_path / "landing")

"""What tests in several folders share: a folder for all worker processes, and the parsed dbt project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from dbt_home import parsed

# Machines are shared: how long an example takes says nothing.
settings.register_profile("shared machines", deadline=None)
settings.load_profile("shared machines")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run that every worker process sees."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def manifest(shared: Path) -> Any:
    """The parsed dbt project: a build that is given it starts at once."""
    return parsed(shared)

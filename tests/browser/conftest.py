"""A home that the demo filled, dashboards that serve it, and a headless Chromium to look at them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from browsing import OPTIONS, ROOT, Visit, chromium, environment, visit

from dbt_home import one_at_a_time

HOUSEHOLDS = "100"
Serve = Callable[[Path], Any]
Look = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; without one, or without Playwright, the tests are skipped."""
    found = chromium()
    if found is None:
        pytest.skip("no Chromium is installed: apt-get install chromium, or set PROFILECTL_CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=list(OPTIONS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def artefacts(shared: Path) -> Path:
    """Where pictures are kept: $PROFILECTL_ARTEFACTS, or this run's folder."""
    folder = Path(os.environ.get("PROFILECTL_ARTEFACTS") or shared / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def look(browser: Any, artefacts: Path) -> Look:
    """Open a page of a given width: ``with look(390) as visit``."""

    @contextmanager
    def opened(width: int, **options: Any) -> Iterator[Visit]:
        with visit(browser, artefacts, width, **options) as one:
            yield one

    return opened


@pytest.fixture(scope="session")
def demo_home(browser: Any, shared: Path) -> Path:
    """The demo of a hundred households, built, trained for all tasks, published and reported."""
    home = shared / "demo-home"
    # Asked for after the browser, so that nothing is built where nothing can be looked at.
    with one_at_a_time(shared / "demo-lock"):
        if not (home / "report.html").exists():
            command = [sys.executable, "-m", "profilectl.app", "demo", "--households", HOUSEHOLDS]
            done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home of one test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def small_home(home: Path) -> Path:
    """A home with a small warehouse that was never trained, and nothing published."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute((ROOT / "tests" / "cli" / "small_warehouse.sql").read_text())
        for name in ("scores", "runs", "metrics", "models", "feature_importance", "test_predictions"):
            connection.execute(f"delete from ml.{name}")
    return home


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `profilectl dashboard` for a home and return its address; it must end cleanly afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path) -> str:
        said = (tmp_path / f"said-{len(started)}").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "profilectl.app", "dashboard", "--port", "0"],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, Path(said.name).read_text()
        return found[0]

    yield start
    for place, process in enumerate(started):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in (tmp_path / f"said-{place}").read_text()

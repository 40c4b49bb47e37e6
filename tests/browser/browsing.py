"""A page in a real browser that notes whatever goes wrong while it is open."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from profilectl.project import Paths

ROOT = Path(__file__).parents[2]
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = {1280: 800, 390: 844}
LOCAL = {"127.0.0.1", "localhost", ""}
DRAWN = """() => [...document.querySelectorAll('#page .figure')].every(
    (one) => one.querySelector('.js-plotly-plot')?.data?.length > 0)"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def chromium() -> str | None:
    """Where the browser is: PROFILECTL_CHROMIUM, or the first of the usual names on the path."""
    named = os.environ.get("PROFILECTL_CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Visit:
    """An open page, and what went wrong on it."""

    page: Any
    artefacts: Path
    width: int
    problems: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until the page stands and every figure of it is drawn."""
        self.page.wait_for_selector("#page h1, #page .state")
        self.page.wait_for_function(DRAWN)

    def go(self, address: str) -> None:
        """Open an address of the dashboard."""
        self.page.goto(address)
        self.settle()

    def heading(self, text: str) -> None:
        """Wait until the page's heading is ``text``, and its figures are drawn."""
        self.page.get_by_role("heading", level=1, name=text, exact=True).wait_for()
        self.settle()

    def figures(self) -> int:
        """How many figures are drawn."""
        return int(self.page.locator(".js-plotly-plot").count())

    def text(self) -> str:
        """What the page says."""
        return re.sub(r"\s+", " ", str(self.page.inner_text("body")))

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        self.page.screenshot(path=self.artefacts / f"{name}-{self.width}.png", full_page=True)

    def is_sound(self) -> None:
        """Nothing went wrong, and nothing is wider than the window."""
        assert self.problems == []
        assert self.page.evaluate(OVERFLOW) <= 0, f"wider than {self.width} pixels: {self.page.url}"


@contextmanager
def visit(browser: Any, artefacts: Path, width: int, **options: Any) -> Iterator[Visit]:
    """Yield a new page of a browser; errors and requests that fail or leave this machine are noted."""
    context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, **options)
    page = context.new_page()
    page.set_default_timeout(30_000)
    one = Visit(page, artefacts, width)

    def told(message: Any) -> None:
        if message.type in ("error", "warning"):
            one.problems.append(f"console {message.type}: {message.text}")

    def asked(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and (parts.hostname or "") not in LOCAL:
            one.problems.append(f"left this machine: {request.url}")

    def answered(response: Any) -> None:
        if response.status >= 400:
            one.problems.append(f"{response.status}: {response.url}")

    page.on("console", told)
    page.on("pageerror", lambda error: one.problems.append(f"script error: {error}"))
    page.on("request", asked)
    page.on("response", answered)
    page.on("requestfailed", lambda request: one.problems.append(f"failed: {request.url} {request.failure}"))
    try:
        yield one
    finally:
        context.close()


def environment(home: Path) -> dict[str, str]:
    """The variables of a command that works in ``home`` only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROFILECTL_")}
    return kept | {"PROFILECTL_HOME": str(home), "PROFILECTL_PROJECT_DIR": str(ROOT / "dbt_project")}


def paths_of(home: Path) -> Paths:
    """The paths of a home."""
    return Paths.from_environment({"PROFILECTL_HOME": str(home)})

"""A small demo, made once, and what an independent reading finds in it."""

from __future__ import annotations

import pytest
from demo_reading import HOUSEHOLDS, Demo, Records, clean

from profilectl.demo.generate import generate


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    root = tmp_path_factory.mktemp("demo")
    landing, truth = root / "landing", root / "truth"
    return Demo(landing, truth, generate(landing, truth, households=HOUSEHOLDS))


@pytest.fixture(scope="session")
def cleaned(demo: Demo) -> dict[tuple[str, str], Records]:
    """The demo's files, read and cleaned independently, by source and entity."""
    return {
        (folder.parent.name, folder.name): clean(folder)
        for folder in sorted(demo.landing.glob("*/*"))
        if folder.name != "products"
    }

"""What a build costs when one hundredth more has landed, or nothing, beside the full build before it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from full_build_measure import Measured

Record = dict[str, object]


@contextmanager
def landed(delta: Path, landing: Path) -> Iterator[None]:
    """Let the files of `delta` lie in `landing` while the block runs."""
    copies = []
    for file in sorted(delta.rglob("*")):
        if file.is_file():
            copy = landing / file.relative_to(delta)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            copies.append(copy)
    try:
        yield
    finally:
        for copy in copies:
            copy.unlink()


def after_the_full_build(build: Callable[[], Measured], delta: Path, landing: Path) -> dict[str, Measured]:
    """Build on the warehouse as it stands: with the delta, and once more with nothing new."""
    with landed(delta, landing):
        return {"1% more": build(), "nothing new": build()}


def records(events: int, full: Measured, found: dict[str, Measured]) -> list[Record]:
    """Return the rows of the table: ours is the later build, theirs the full one."""
    rows: list[Record] = []
    for case, later in found.items():
        for measure, unit in (("wall_s", "s"), ("cpu_s", "s"), ("peak_mb", "MB")):
            a, b = getattr(later, measure), getattr(full, measure)
            rows.append(
                {
                    "case": case,
                    "size": events,
                    "measure": measure.rsplit("_", 1)[0],
                    "ours": round(a, 1),
                    "peer": "full build",
                    "theirs": round(b, 1),
                    "ratio": round(a / b, 3),
                    "unit": unit,
                    "peak_mb": round(later.peak_mb),
                }
            )
    return rows

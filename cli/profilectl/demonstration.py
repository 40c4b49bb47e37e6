"""`profilectl demo`: the whole path on real data, from landing files to a published file and a report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from profilectl import facts
from profilectl.building import Built, build
from profilectl.demo.generate import MONTHS, generate
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.publishing import Published, publish
from profilectl.reporting import report
from profilectl.training import train_declared
from profilectl.truth import dirt_found, stitching_score
from profilectl.warehouse import connect

Counting = Callable[[str], AbstractContextManager[Callable[[int, int, str], None]]]
Sharing = Callable[[str], AbstractContextManager[Callable[[float, str], None]]]
Waiting = Callable[[str], AbstractContextManager[Callable[[str], None]]]


@dataclass(frozen=True)
class Demonstrated:
    """Everything the demo made, and which tasks it could not train, and why."""

    built: Built
    stitching: dict[str, Any] | None
    dirt: dict[str, int]
    runs: list[facts.Row]
    untrained: list[facts.Row]
    published: Published
    report: Path

    def as_json(self) -> dict[str, Any]:
        """Return the summary as one object."""
        return {
            **self.built.as_json(),
            "stitching": self.stitching,
            "dirt": self.dirt,
            "models": self.runs,
            "untrained": self.untrained,
            "published": {"version": self.published.version, "path": self.published.link},
            "report": self.report,
        }


def land(
    paths: Paths, *, seed: int, months: int, households: int | None, progress: Callable[[str], None]
) -> dict[str, int]:
    """Write the landing files of the first ``months`` months, and the truth; return rows per entity."""
    written = generate(
        paths.landing,
        paths.truth,
        seed=seed,
        months=MONTHS[:months],
        progress=progress,
        households=households,
    )
    return written.rows


def demonstrate(
    project: DbtProject,
    paths: Paths,
    *,
    counting: Counting,
    sharing: Sharing,
    waiting: Waiting,
) -> Demonstrated | Built:
    """Build, train, publish and report; a build with failures is returned as it is.

    A task that cannot be trained is told and left out: few households or months are not enough for each.
    "Now" is what it is for every build: an update afterwards finds the same day.
    """
    with counting("building") as told:
        built = build(project, paths, progress=told)
    if not built.dbt.success:
        return built
    with (
        sharing("training") as told_share,
        only_writer(paths, "profilectl demo"),
        connect(paths, read_only=False) as connection,
    ):
        learnt = train_declared(connection, project, paths, progress=told_share)
    with connect(paths) as connection:
        stitching = stitching_score(connection, paths.truth)
        dirt = dirt_found(connection, paths.truth)
    with waiting("publishing") as tell:
        published = publish(paths, tell)
    with waiting("writing the report"):
        written = report(paths)
    return Demonstrated(built, stitching, dirt, learnt.runs, learnt.untrained, published, written)

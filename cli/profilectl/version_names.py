"""Published versions by the names people give them: ``current``, ``previous``, or a version's own name."""

from __future__ import annotations

from pathlib import Path

from profilectl import publishing
from profilectl.project import Paths
from profilectl_ml.errors import ProfilectlError

CURRENT, PREVIOUS = "current", "previous"


def version_file(paths: Paths, name: str) -> Path:
    """Return the file of the published version called ``name``.

    Parameters
    ----------
    paths
        The home that publishes.
    name
        ``current``, ``previous`` (the one before the current), or a version's name, with or without
        ``.duckdb``.

    Raises
    ------
    ProfilectlError
        If nothing is published, there is no older version, or none of that name is kept.
    """
    current = publishing.current(paths)
    if current is None:
        raise ProfilectlError(f"nothing is published at {paths.published}", hint="run: profilectl publish")
    kept = publishing.versions(paths)
    version = {CURRENT: current, PREVIOUS: _before(kept, current)}.get(name, name.removesuffix(".duckdb"))
    if version is None:
        raise ProfilectlError(
            f"there is no version before the current one ({current})",
            hint="a version is made by each: profilectl publish",
        )
    if version not in kept:
        raise ProfilectlError(
            f"there is no published version {name}", hint=f"kept: {', '.join(kept)}; or current, previous"
        )
    return publishing.file_of(paths, version)


def _before(kept: list[str], current: str) -> str | None:
    # `kept` is in order of publishing; after a rollback newer ones than the current one are in it, too.
    place = kept.index(current) if current in kept else 0
    return kept[place - 1] if place else None

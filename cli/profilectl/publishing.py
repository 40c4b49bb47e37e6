"""Publishing: a complete, tested copy of the marts under a name that readers can always open.

The working warehouse is private and locked while it is written. A publish writes a new versioned
file, tests it, and switches the symlink readers use; a crash at any point leaves the old version.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from profilectl.console import private_folder, sync
from profilectl.project import PUBLISHED_FILE, Paths
from profilectl.publication import snapshot
from profilectl.publication.drafting import Draft
from profilectl.warehouse import writing_errors
from profilectl_ml.errors import ProfilectlError

TEMPORARY = ".publishing-"
_STAMP = "profiles-%Y%m%dT%H%M%SZ"

Step = Callable[[str], None]


@dataclass(frozen=True)
class Published:
    """One published version.

    Attributes
    ----------
    version, file, link
        Its name, its file, and the name readers use.
    tables, views
        Rows of each table, and the names of the views.
    is_whole
        Whether every table was written; else only what changed since the version before.
    seconds, bytes
        How long it took, and how large the file is.
    """

    version: str
    file: Path
    link: Path
    tables: dict[str, int]
    views: list[str]
    is_whole: bool
    seconds: float
    bytes: int


def prepare(paths: Paths) -> Draft | None:
    """Begin to copy the newest version, for a publish that is to come; None before there is one."""
    base = newest(paths)
    return None if base is None else Draft(base, paths.versions / f"{TEMPORARY}draft-{os.getpid()}")


def publish(
    paths: Paths,
    on_step: Step = lambda step: None,
    *,
    full: bool = False,
    draft: Draft | None = None,
) -> Published:
    """Write marts and scores to a new version and switch the published name to it.

    Parameters
    ----------
    paths
        The home whose warehouse is published.
    on_step
        Called with each table, and after each step (``copied``, ``tested``, ``placed``, ``switched``).
    full
        Write everything anew, even what has not changed since the newest version. Bytes of rows that were
        deleted or replaced are in the file until then.
    draft
        What :func:`prepare` has begun; saves copying the version to start from.

    Returns
    -------
    Published
        The new version, with the number of rows of each table in it.

    Raises
    ------
    ProfilectlError
        If there is no warehouse or it has no marts, if it is locked by another process, if another
        publish is running, if the new file cannot be written, or if the copy does not hold what the
        warehouse holds.
    """
    started = time.monotonic()
    if not paths.warehouse.is_file():
        raise ProfilectlError(f"there is no warehouse at {paths.warehouse}", hint="run: profilectl build")
    with writing_errors(paths.published.parent), _only_publisher(paths):
        remove_leftovers(paths, but=draft)
        moment = _moment(paths)
        version = _next_version(paths, moment)
        folder = private_folder(paths.versions / f"{TEMPORARY}{version}")
        temporary = folder / PUBLISHED_FILE
        try:
            base = None if full else newest(paths)
            if base is not None and not (draft is not None and draft.take(base, temporary)):
                on_step(f"copying {version_of(base)}")
                shutil.copyfile(base, temporary)
            try:
                made = snapshot.make(paths, temporary, version, moment, on_step)
            except (ProfilectlError, duckdb.Error) as error:
                if base is None or not _says_damaged(error):
                    raise
                on_step(f"everything anew: {version_of(base)} is damaged")
                temporary.unlink(missing_ok=True)
                made = snapshot.make(paths, temporary, version, moment, on_step)
            on_step("copied")
            snapshot.verify(paths, temporary, made)
            temporary.chmod(0o600)
            sync(temporary)
            sync(folder)
            on_step("tested")
            file = file_of(paths, version)
            folder.replace(file.parent)
            sync(paths.versions)
            on_step("placed")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        switch(paths, version)
        on_step("switched")
        prune(paths)
    seconds, size = time.monotonic() - started, file.stat().st_size
    return Published(version, file, paths.published, made.tables, made.views, made.is_whole, seconds, size)


def versions(paths: Paths) -> list[str]:
    """Return the published versions that are kept, oldest first."""
    return sorted(
        (file.parent.name for file in paths.versions.glob(f"profiles-*/{PUBLISHED_FILE}")), key=_order
    )


def file_of(paths: Paths, version: str) -> Path:
    """Return the file of a version.

    Each has a folder, because DuckDB names the database after the file, and that name is to stay.
    """
    return paths.versions / version / PUBLISHED_FILE


def newest(paths: Paths) -> Path | None:
    """Return the file of the newest version, which a rollback may have taken from readers; or none."""
    kept = versions(paths)
    return file_of(paths, kept[-1]) if kept else None


def version_of(file: Path) -> str:
    """Return the version that a resolved file belongs to."""
    return file.parent.name


def moment_of(file: Path) -> datetime:
    """Return when a version was begun (UTC), to the second, as its name says."""
    return datetime.strptime(version_of(file).rpartition("-")[0], _STAMP)


def current(paths: Paths) -> str | None:
    """Return the version that readers see now, or none."""
    return version_of(paths.published.resolve()) if paths.published.exists() else None


def reaches_readers(paths: Paths) -> bool:
    """Return whether the published name leads to a version and was switched since the newest was written.

    After a rollback it does. It does not where a publish was killed just before the switch, or where the
    version readers were pointed at was taken away.
    """
    last = newest(paths)
    if last is None or current(paths) is None:
        return False
    return paths.published.lstat().st_mtime_ns >= last.stat().st_mtime_ns


def switch(paths: Paths, version: str) -> None:
    """Point the published name at ``version``, atomically and durably."""
    file = file_of(paths, version)
    if not file.is_file():
        raise ProfilectlError(
            f"there is no published version {version}", hint=f"kept: {', '.join(versions(paths)) or 'none'}"
        )
    link = paths.published.with_name(f"{TEMPORARY}link")
    link.unlink(missing_ok=True)
    # Relative, so that the whole home folder can be moved or mounted elsewhere.
    link.symlink_to(file.relative_to(paths.published.parent))
    link.replace(paths.published)
    sync(paths.published.parent)


def rollback(paths: Paths) -> str:
    """Point the published name at the version before the current one, and return it."""
    with _only_publisher(paths):
        older = [version for version in versions(paths) if _order(version) < _order(current(paths) or "")]
        if not older:
            raise ProfilectlError("there is no older published version to go back to")
        switch(paths, older[-1])
        return older[-1]


def prune(paths: Paths) -> None:
    """Remove all but the newest versions, and never the one readers are pointed at."""
    for version in versions(paths)[: -paths.keep_versions]:
        if version != current(paths):
            # Renamed first: what is left of it after a kill is no version, and goes with the next publish.
            gone = paths.versions / f"{TEMPORARY}{version}"
            (paths.versions / version).replace(gone)
            shutil.rmtree(gone)


def remove_leftovers(paths: Paths, but: Draft | None = None) -> None:
    """Remove what a killed publish left behind."""
    for folder in (paths.versions, paths.published.parent):
        for leftover in folder.glob(f"{TEMPORARY}*"):
            if but is not None and leftover == but.folder:
                continue
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def _says_damaged(error: Exception) -> bool:
    """Return whether DuckDB found that what it read was not what had been written."""
    cause = error.__cause__ if isinstance(error, ProfilectlError) else error
    return isinstance(cause, duckdb.Error) and "corrupt" in str(cause).lower()


def _moment(paths: Paths) -> datetime:
    """Return now; where the clock was set back, when the newest version was begun: versions have an order."""
    now, last = datetime.now(UTC), newest(paths)
    return now if last is None else max(now, moment_of(last).replace(tzinfo=UTC))


def _next_version(paths: Paths, moment: datetime) -> str:
    stamp = f"{moment:{_STAMP}}"
    taken = len(list(paths.versions.glob(f"{stamp}-*")))
    while (paths.versions / f"{stamp}-{taken + 1}").exists():
        taken += 1
    return f"{stamp}-{taken + 1}"


def _order(version: str) -> tuple[str, int]:
    stamp, _, count = version.rpartition("-")
    return stamp, int(count) if count.isdigit() else 0


@contextmanager
def _only_publisher(paths: Paths) -> Iterator[None]:
    """Hold the publish lock; the system releases it when the process ends, however it ends."""
    private_folder(paths.versions)
    with (paths.versions / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProfilectlError("another publish is running", hint="wait until it has ended") from error
        yield

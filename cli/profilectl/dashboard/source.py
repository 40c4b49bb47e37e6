"""The published file as pages read it: the version that is current when they ask, its answers kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from profilectl.project import Paths
from profilectl.publishing import version_of
from profilectl.warehouse import open_file
from profilectl_ml.errors import ProfilectlError

Connection = duckdb.DuckDBPyConnection


class Source:
    """Opens the published version anew for every answer, so that a new one is seen without a restart.

    Parameters
    ----------
    paths
        The home whose published file is shown.
    """

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._kept: dict[str, tuple[str, Any]] = {}
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def version(self) -> str:
        """Return the name of the version that is published now; empty where none is."""
        return version_of(self._file()) if self.paths.published.exists() else ""

    @contextmanager
    def opened(self) -> Iterator[tuple[Connection, str]]:
        """Yield a read-only connection to the current version, and the version's name.

        Raises
        ------
        ProfilectlError
            If nothing is published, or the file cannot be opened.
        """
        if not self.paths.published.exists():
            raise ProfilectlError("Nothing is published yet", hint="profilectl publish")
        with ExitStack() as stack:
            file = self._file()
            try:
                connection = stack.enter_context(open_file(self.paths, file, read_only=True))
            except ProfilectlError as error:
                newer = self._file()
                if newer == file:
                    raise _for_readers(file, error) from error
                # Published anew, and the old version pruned, between our two looks.
                file, connection = newer, stack.enter_context(open_file(self.paths, newer, read_only=True))
            yield connection, version_of(file)

    def answer(self, key: str, make: Callable[[Connection], Any]) -> Any:
        """Return what ``make`` makes of the current version; a version never changes, so it is asked once.

        ``key`` names the question; only the answer of the latest version is kept. Errors are not kept.
        """
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        # Two that ask the same wait for one answer; different questions do not wait for each other.
        with lock:
            version, answer = self._kept.get(key, ("", None))
            if not version or version != self.version():
                with self.opened() as (connection, version):
                    answer = make(connection)
                self._kept[key] = (version, answer)
            return answer

    def _file(self) -> Path:
        return self.paths.published.resolve()


def _for_readers(file: Path, error: ProfilectlError) -> ProfilectlError:
    if isinstance(error.__cause__, duckdb.IOException | duckdb.SerializationException):
        return ProfilectlError(
            f"The published file {version_of(file)} is damaged, or may not be read. A new version mends that;"
            " profilectl publish --rollback goes back to the version before.",
            hint="profilectl publish",
        )
    return error

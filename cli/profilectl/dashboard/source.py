"""The published file as pages read it: the version that is current when they ask, its answers kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import duckdb

from profilectl.project import Paths
from profilectl.publishing import version_of
from profilectl.warehouse import open_file
from profilectl_ml.errors import ProfilectlError

Connection = duckdb.DuckDBPyConnection
Make = Callable[[Connection], Any]


@dataclass
class _Kept:
    """An answer, the version it was made of, and how to make it of another one."""

    make: Make
    version: str = ""
    answer: Any = None
    lock: Lock = field(default_factory=Lock)


class Source:
    """Opens the published version anew for every answer, so that a new one is seen without a restart.

    Parameters
    ----------
    paths
        The home whose published file is shown.
    """

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._kept: dict[str, _Kept] = {}
        self._ready = ""
        self._is_busy = False
        self._lock = Lock()

    def version(self) -> str:
        """Return the name of the version that is published now; empty where none is."""
        return version_of(self._file()) if self.paths.published.exists() else ""

    def ready(self) -> str:
        """Return the version that kept answers are of.

        Where a newer one is published, all answers that were ever asked for are made anew in the background,
        and the old ones are given until then: a pass over ten million events takes seconds.
        """
        now = self.version()
        with self._lock:
            if not self._kept:
                self._ready = now
            elif now != self._ready and not self._is_busy:
                self._is_busy = True
                Thread(target=self._get_ready, args=(now,), daemon=True).start()
            return self._ready

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

    def answer(self, key: str, make: Make) -> Any:
        """Return what ``make`` makes of the version that is ready; of each version it is made once.

        ``key`` names the question. Errors are not kept.
        """
        ready = self.ready()
        with self._lock:
            kept = self._kept.setdefault(key, _Kept(make))
        # Two that ask the same wait for one answer; different questions do not wait for each other.
        with kept.lock:
            kept.make = make
            if not kept.version or kept.version not in (ready, self.version()):
                self._make(kept)
            return kept.answer

    def _make(self, kept: _Kept) -> None:
        with self.opened() as (connection, version):
            kept.answer = kept.make(connection)
            kept.version = version

    def _get_ready(self, version: str) -> None:
        with self._lock:
            asked = list(self._kept.values())
        made = [_Kept(kept.make) for kept in asked]
        try:
            for fresh in made:
                self._make(fresh)
            for kept, fresh in zip(asked, made, strict=True):
                with kept.lock:
                    kept.version, kept.answer = fresh.version, fresh.answer
        except (ProfilectlError, duckdb.Error):
            # Asked again, each page says itself what is the matter.
            with self._lock:
                self._kept.clear()
        finally:
            with self._lock:
                self._ready, self._is_busy = version, False

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

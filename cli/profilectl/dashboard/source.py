"""The published file as pages read it: each page of one version, whose answers are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, TypeVar

import duckdb

from profilectl import publishing
from profilectl.project import Paths
from profilectl.warehouse import open_file
from profilectl_ml.errors import ProfilectlError

Connection = duckdb.DuckDBPyConnection
Make = Callable[[Connection], Any]
Told = TypeVar("Told")


@dataclass
class _Kept:
    """How an answer is made, and the answer once it is."""

    make: Make
    is_made: bool = False
    answer: Any = None
    lock: Lock = field(default_factory=Lock)


class Version:
    """One published version, opened anew for every page.

    Parameters
    ----------
    paths
        The home whose published file is shown.
    name
        The version's name; empty where none is published.
    """

    def __init__(self, paths: Paths, name: str) -> None:
        self.paths, self.name = paths, name
        self.file = publishing.file_of(paths, name)
        self._kept: dict[str, _Kept] = {}
        self._lock = Lock()

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """Yield a read-only connection.

        Raises
        ------
        ProfilectlError
            If nothing is published, or the file cannot be opened.
        FileNotFoundError
            If the version was pruned since.
        """
        if not self.name:
            raise ProfilectlError("Nothing is published yet", hint="profilectl publish")
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(open_file(self.paths, self.file, read_only=True))
            except ProfilectlError as error:
                self.file.stat()
                raise _for_readers(self.name, error) from error
            yield connection

    def answer(self, key: str, make: Make) -> Any:
        """Return what ``make`` makes of the version; it is made once.

        ``key`` names the question. Errors are not kept.
        """
        with self._lock:
            kept = self._kept.setdefault(key, _Kept(make))
        # Two that ask the same wait for one answer; different questions do not wait for each other.
        with kept.lock:
            if not kept.is_made:
                with self.opened() as connection:
                    kept.answer = make(connection)
                kept.make, kept.is_made = make, True
            return kept.answer

    def answered(self) -> dict[str, Make]:
        """Return what has been answered, and how that is made."""
        with self._lock:
            return {key: kept.make for key, kept in self._kept.items() if kept.is_made}


class Source:
    """The version that is shown, and the next one while it is made ready.

    Parameters
    ----------
    paths
        The home whose published file is shown.
    """

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._shown = Version(paths, "")
        self._is_busy = False
        self._lock = Lock()

    def shown(self) -> Version:
        """Return the version that is shown.

        Where a newer one is published, all that was ever answered is made anew in the background, and the old
        version shown until then: a pass over ten million events takes seconds.
        """
        now = publishing.current(self.paths) or ""
        with self._lock:
            if now != self._shown.name:
                if not self._shown.answered():
                    self._shown = Version(self.paths, now)
                elif not self._is_busy:
                    self._is_busy = True
                    Thread(target=self._get_ready, args=(self._shown, now), daemon=True).start()
            return self._shown

    def read(self, ask: Callable[[Version], Told]) -> Told:
        """Return what ``ask`` makes of the version that is shown, and of no other one.

        Where that was pruned, the published one is shown from now on.
        """
        version = self.shown()
        try:
            return ask(version)
        except FileNotFoundError:
            with self._lock:
                if self._shown is version:
                    self._shown = Version(self.paths, publishing.current(self.paths) or "")
            return ask(self._shown)

    def _get_ready(self, old: Version, name: str) -> None:
        version = Version(self.paths, name)
        try:
            for key, make in old.answered().items():
                version.answer(key, make)
        except (ProfilectlError, duckdb.Error, FileNotFoundError):
            # Asked again, each page says itself what is the matter.
            version = Version(self.paths, name)
        finally:
            with self._lock:
                if self._shown is old:
                    self._shown = version
                self._is_busy = False


def _for_readers(version: str, error: ProfilectlError) -> ProfilectlError:
    if isinstance(error.__cause__, duckdb.IOException | duckdb.SerializationException):
        return ProfilectlError(
            f"The published file {version} is damaged, or may not be read. A new version mends that;"
            " profilectl publish --rollback goes back to the version before.",
            hint="profilectl publish",
        )
    return error

"""One writer per home folder: a lock that names its owner and ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from profilectl.console import private_folder
from profilectl.project import Paths
from profilectl_ml.errors import ProfilectlError

#: Lock files that this process holds: what it calls meanwhile need not wait for itself.
_held: set[Path] = set()


@contextmanager
def only_writer(paths: Paths, doing: str) -> Iterator[None]:
    """Hold the home folder against every other process that writes its warehouse.

    The system releases the lock when the process ends, even by ``kill -9``: there is nothing to clean up.

    Parameters
    ----------
    doing
        What this process does, such as ``profilectl update``, for whoever comes second.

    Raises
    ------
    ProfilectlError
        If another process holds it; the message says which, since when, and what it does.
    """
    file = paths.lock
    if file in _held:
        yield
        return
    private_folder(file.parent)
    with file.open("a+", encoding="utf-8") as lock:
        file.chmod(0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProfilectlError(
                f"{paths.home} is being written by {_owner(lock)}",
                hint="wait until it has ended; nothing was started",
            ) from error
        _sign(lock, doing)
        _held.add(file)
        try:
            yield
        finally:
            _held.discard(file)
            lock.truncate(0)


def _sign(lock: TextIO, doing: str) -> None:
    lock.truncate(0)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "doing": doing, "since": started}
    lock.write(json.dumps(owner))
    lock.flush()


def _owner(lock: TextIO) -> str:
    lock.seek(0)
    try:
        owner = json.loads(lock.read())
    except json.JSONDecodeError:  # it was just taken, and is not signed yet
        return "another process"
    return f"process {owner['pid']} on {owner['host']} ({owner['doing']}, since {owner['since']})"

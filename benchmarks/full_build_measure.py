"""Run a command and measure it: wall and processor time, and the peak memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True)
class Measured:
    """What one command took: seconds, megabytes (10**6 bytes) of resident memory, and its exit status."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    status: int


def run_measured(
    command: Sequence[str],
    environment: Mapping[str, str],
    limit_mb: float | None = None,
    output: Path | None = None,
) -> Measured:
    """Run `command` to its end, or kill it when its processes hold more than `limit_mb` together.

    What it prints goes to `output`.
    """
    started = time.monotonic()
    with (output or Path(os.devnull)).open("wb") as told:
        process = subprocess.Popen(command, env=environment, stdout=told)
    peak, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            held = resident_mb(process.pid)
            peak[0] = max(peak[0], held)
            if limit_mb is not None and held > limit_mb:
                process.kill()

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    watcher.join()
    # The kernel's own figure covers what happens between two looks, though for the largest process only.
    peak_mb = max(peak[0], usage.ru_maxrss * 1024 / 1e6)
    wall = time.monotonic() - started
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak_mb, process.returncode)


def resident_mb(root: int) -> float:
    """Return the resident memory of a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    held: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name in brackets may hold spaces; what follows it does not.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(folder.name))
        held[int(folder.name)] = int(fields[21]) * PAGE_MB
    total, waiting = 0.0, [root]
    while waiting:
        process = waiting.pop()
        total += held.get(process, 0.0)
        waiting += parents.get(process, [])
    return total

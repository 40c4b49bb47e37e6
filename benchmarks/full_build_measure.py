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
        looks = 0
        while not ended.wait(0.1):
            if looks % 10 == 0:  # to ask for everybody's parents ten times a second is felt on two cores
                family = descendants(process.pid)
            looks += 1
            held = sum(map(resident_mb, family))
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


def descendants(root: int) -> list[int]:
    """Return a process and all that descend from it, by number."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _fields(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def resident_mb(process: int) -> float:
    """Return the resident memory of one process; 0 if it has ended."""
    fields = _fields(process)
    return int(fields[21]) * PAGE_MB if fields else 0.0


def _fields(process: int) -> list[str]:
    try:
        # The name in brackets may hold spaces; what follows it does not.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []

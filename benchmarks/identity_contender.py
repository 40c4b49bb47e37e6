"""What a peer does around its own work: it measures the work without its imports, and gives up in time."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

THREADS = 2
Work = Callable[[list[Path], Path], None]


def contend(work: Work) -> None:
    """Call `work(edge files, output file)` as `REPORT OUTPUT LIMIT_S EDGES...` says and write what it took.

    The report holds seconds of wall and processor time of the work alone. After LIMIT_S seconds the process
    ends by SIGALRM, which also stops code that never comes back to Python.
    """
    report, output, limit, *edges = sys.argv[1:]
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(limit))
    wall, cpu = time.monotonic(), time.process_time()
    work([Path(file) for file in edges], Path(output))
    took = {"wall_s": time.monotonic() - wall, "cpu_s": time.process_time() - cpu}
    Path(report).write_text(json.dumps(took))


def read(edges: list[Path]) -> str:
    """Return SQL that reads the two identifiers of each edge."""
    return f"(select identifier_l, identifier_r from read_parquet({[str(file) for file in edges]}))"

"""Ours: build a dbt project on edge files, and measure its nodes without dbt's own start-up.

    python benchmarks/identity_dbt.py REPORT WAREHOUSE LIMIT_S EDGES... (run by identity.py)

The project is the folder that IDENTITY_PROJECT names, its profile reads PROFILECTL_WAREHOUSE, and its var
`edges` is the list of parquet files. Wall and processor time run from the start of the first node to the end
of the last one, so what dbt does between nodes counts, and what it does before and after does not. The
seconds of each node are those of dbt's run results.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner


class Stopwatch:
    """Notes the time at the first node's start and at each node's end, as dbt reports them."""

    def __init__(self) -> None:
        self._started: tuple[float, float] | None = None
        self.took = {"wall_s": 0.0, "cpu_s": 0.0}

    def __call__(self, event: Any) -> None:
        """Look at one event of dbt."""
        if event.info.name == "NodeStart" and self._started is None:
            self._started = time.monotonic(), time.process_time()
        elif event.info.name == "NodeFinished" and self._started is not None:
            wall, cpu = self._started
            self.took = {"wall_s": time.monotonic() - wall, "cpu_s": time.process_time() - cpu}


def run(project: Path, edges: list[str]) -> dict[str, Any]:
    """Build everything once and return what the nodes took, together and each."""
    watch = Stopwatch()
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", project / "target"]
    options = [*map(str, places), "--log-path", str(project / "logs"), "--vars", json.dumps({"edges": edges})]
    outcome = dbtRunner(callbacks=[watch]).invoke(["--quiet", "build", *options])
    if not outcome.success:
        raise SystemExit(f"dbt failed: see {project / 'logs' / 'dbt.log'}")
    results: Any = outcome.result
    nodes = {result.node.name: round(result.execution_time, 2) for result in results.results}
    return {**watch.took, "nodes": nodes}


def main() -> None:
    """Run as the arguments say and write the report."""
    report, warehouse, limit, *edges = sys.argv[1:]
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(limit))
    os.environ["PROFILECTL_WAREHOUSE"] = warehouse
    Path(report).write_text(json.dumps(run(Path(os.environ["IDENTITY_PROJECT"]), edges)))


if __name__ == "__main__":
    main()

"""Ours: build a dbt project on edge files, and measure its nodes without dbt's own start-up.

    python benchmarks/identity_dbt.py REPORT WAREHOUSE LIMIT_S EDGES... (run by identity.py)

The project is the folder that IDENTITY_PROJECT names, its profile reads PROFILECTL_WAREHOUSE, and its var
`edges` is the list of parquet files. Wall and processor time run from the start of the first node to the end
of the last one, so what dbt does between nodes counts, and what it does before and after does not. The
seconds of each node are those of dbt's run results, and its processor time that between its start and end.
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
    """Notes the time at each node's start and end, as dbt reports them: nodes run one after the other."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None
        self._node_cpu = 0.0
        self.took = {"wall_s": 0.0, "cpu_s": 0.0}
        self.nodes_cpu: dict[str, float] = {}

    def __call__(self, event: Any) -> None:
        """Look at one event of dbt."""
        if event.info.name == "NodeStart":
            self._node_cpu = time.process_time()
            self._first = self._first or (time.monotonic(), self._node_cpu)
        elif event.info.name == "NodeFinished" and self._first is not None:
            wall, cpu = self._first
            now = time.process_time()
            self.took = {"wall_s": time.monotonic() - wall, "cpu_s": now - cpu}
            self.nodes_cpu[event.data.node_info.node_name] = round(now - self._node_cpu, 2)


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
    return {**watch.took, "nodes": nodes, "nodes_cpu": watch.nodes_cpu}


def main() -> None:
    """Run as the arguments say and write the report."""
    report, warehouse, limit, *edges = sys.argv[1:]
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(limit))
    os.environ["PROFILECTL_WAREHOUSE"] = warehouse
    Path(report).write_text(json.dumps(run(Path(os.environ["IDENTITY_PROJECT"]), edges)))


if __name__ == "__main__":
    main()

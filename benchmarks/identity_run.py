"""Run one contender on files of edges in a process of its own, and set two contenders beside each other."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from full_build_measure import run_measured
from identity_project import Project

HERE = Path(__file__).resolve().parent
Record = dict[str, object]
# measure of the table, its unit
MEASURES = {
    "wall": "s",
    "cpu": "s",
    "wall of the process": "s",
    "cpu of the process": "s",
    "peak": "MB",
    "solve alone": "s",
    "cpu of the solve alone": "s",
}


@dataclass(frozen=True)
class Took:
    """What one run took, in the order of MEASURES, and how it ended."""

    wall_s: float
    cpu_s: float
    process_wall_s: float
    process_cpu_s: float
    peak_mb: float
    solve_s: float | None = None
    solve_cpu_s: float | None = None
    status: int = 0


@dataclass(frozen=True)
class Contender:
    """Who solves (`ours` or a peer), where its files go, and after how many seconds it is given up."""

    name: str
    folder: Path
    limit_s: int
    project: Project | None = None

    @property
    def output(self) -> Path:
        """The database that the map is written to."""
        return self.folder / f"{self.name}.duckdb"

    @property
    def table(self) -> str:
        """The map's name in it."""
        return self.project.table if self.project else "user_map"

    def run(self, edges: Sequence[Path], keep: bool = False) -> Took:
        """Solve `edges`; into the database as an earlier run left it, where `keep` says so."""
        if not keep:
            for old in self.folder.glob(f"{self.output.name}*"):
                old.unlink()
        report = self.folder / f"{self.name}.json"
        report.unlink(missing_ok=True)
        script = "identity_dbt.py" if self.project else f"identity_{self.name}.py"
        command = [sys.executable, str(HERE / script), str(report), str(self.output), str(self.limit_s)]
        measured = run_measured([*command, *map(str, edges)], self._environment())
        process = (measured.wall_s, measured.cpu_s, measured.peak_mb)
        if measured.status != 0:
            return Took(measured.wall_s, measured.cpu_s, *process, status=measured.status)
        work = json.loads(report.read_text())
        if self.project is None:
            return Took(work["wall_s"], work["cpu_s"], *process)
        nodes = {name: (took, work["nodes_cpu"].get(name)) for name, took in work["nodes"].items()}
        print(
            f"  nodes [s, cpu s]: {', '.join(f'{name} {wall} {cpu}' for name, (wall, cpu) in nodes.items())}"
        )
        return Took(work["wall_s"], work["cpu_s"], *process, *nodes.get(self.project.solve, (None, None)))

    def _environment(self) -> dict[str, str]:
        own = {"OMP_NUM_THREADS": "2", "PROFILECTL_DUCKDB_THREADS": "2", "PROFILECTL_MEMORY_LIMIT": "3.5GB"}
        project = {"IDENTITY_PROJECT": str(self.project.folder)} if self.project else {}
        return {**own, **os.environ, **project}


def median(runs: Sequence[Took]) -> Took:
    """Return the median of each measure, and the largest memory."""
    *times, peaks, solves, solves_cpu, statuses = zip(*map(astuple, runs), strict=True)
    wall, cpu, process_wall, process_cpu = map(statistics.median, times)
    solve, solve_cpu = (None if None in took else statistics.median(took) for took in (solves, solves_cpu))
    return Took(wall, cpu, process_wall, process_cpu, max(peaks), solve, solve_cpu, min(statuses))


def agree(ours: Contender, theirs: Contender) -> bool:
    """Print whether the last maps of both divide the identifiers alike, and return it."""
    places = [str(ours.output), ours.table, str(theirs.output), theirs.table]
    command = [sys.executable, str(HERE / "identity_partition.py"), *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"  {ours.name} beside {theirs.name}: {(done.stdout or done.stderr).strip()}")
    return done.returncode == 0


def records(case: str, size: int, ours: Took, peer: str, theirs: Took | None) -> list[Record]:
    """Return the rows of the table for ours beside one peer, or alone."""
    died = theirs is not None and theirs.status != 0
    if theirs is not None and died:
        late = theirs.status == -signal.SIGALRM
        peer += f" (given up after {theirs.process_wall_s:.0f} s)" if late else " (died)"
    rows: list[Record] = []
    for place, (measure, unit) in enumerate(MEASURES.items()):
        a = astuple(ours)[place]
        b = astuple(theirs)[place] if theirs is not None and not died else None
        if measure.endswith("solve alone") and None in (a, b):
            continue
        rows.append(
            {
                "case": case,
                "size": size,
                "measure": measure,
                "ours": round(a, 2),
                "peer": peer,
                "theirs": None if b is None else round(b, 2),
                "ratio": round(a / b, 2) if b else None,
                "unit": unit,
                "peak_mb": round(ours.peak_mb),
            }
        )
    return rows

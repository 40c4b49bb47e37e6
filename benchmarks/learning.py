"""How long training, scoring and explaining take, and how much memory, beside what is done without us.

    python benchmarks/learning.py [--users 1000000 5000000] [--json FILE] [--home DIR]

Users × 40 features are generated in DuckDB. Training: reading examples and fitting, beside the same
scikit-learn fit on a matrix that is in memory already. Scoring to a table with percentiles: the compiled
statement, and Arrow batches, beside `predict` through a pandas frame. Reasons: three for every user. Each
contender runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from full_build_measure import run_measured

HERE = Path(__file__).resolve().parent
Record = dict[str, object]
# case, family, ours, peer (None: only how long)
CASES = (
    ("training", "linear", "ours", "in memory"),
    ("training", "boosting", "ours", "in memory"),
    ("scoring by SQL", "linear", "sql", "pandas"),
    ("scoring in batches", "linear", "batches", "pandas"),
    ("scoring by SQL", "boosting", "sql", "pandas"),
    ("scoring in batches", "boosting", "batches", "pandas"),
    ("reasons", "linear", "reasons", None),
    ("reasons", "boosting", "reasons", None),
    ("parity", "linear", "parity", None),
)


@dataclass(frozen=True)
class Took:
    """Seconds inside the process, without its start, and its peak memory."""

    seconds: float
    peak_mb: float


def main() -> None:
    """Generate, run every case, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--cases", nargs="+", help="only cases whose name begins like this")
    parser.add_argument("--json", type=Path, help="write the table there too")
    parser.add_argument("--home", type=Path, help="where the generated warehouses are kept")
    options = parser.parse_args()
    records: list[Record] = []
    with tempfile.TemporaryDirectory(prefix="profilectl_learning_") as folder:
        for users in options.users:
            home = (options.home or Path(folder)) / str(users)
            prepare(home, users)
            done: dict[tuple[str, str], Took] = {}
            for case, family, ours, peer in CASES:
                if not options.cases or any(case.startswith(start) for start in options.cases):
                    records += compare(home, users, (case, family, ours, peer), done)
    records += growth(records)
    show(records)
    if options.json:
        options.json.write_text(json.dumps(records, indent=2) + "\n")


def prepare(home: Path, users: int) -> None:
    """Generate the warehouse and the models, unless they are there."""
    if (home / "whole").exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    code = (
        "import sys, duckdb, pathlib; from learning_contender import fit_models, generate\n"
        "home = pathlib.Path(sys.argv[1])\n"
        "with duckdb.connect(str(home / 'warehouse.duckdb')) as c:\n"
        "    c.execute(\"set memory_limit = '4GB'\"); generate(c, int(sys.argv[2])); fit_models(c, home)"
    )
    environment = environment_of_one_thread() | {"PYTHONPATH": f"{HERE}:{os.environ.get('PYTHONPATH', '')}"}
    measured = run_measured([sys.executable, "-c", code, str(home), str(users)], environment)
    if measured.status != 0:
        raise SystemExit("the data could not be generated")
    (home / "whole").touch()


def environment_of_one_thread() -> dict[str, str]:
    """Return the variables of a run: threads that wait for each other on busy cores tell nothing."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def run(home: Path, family: str, name: str, done: dict[tuple[str, str], Took]) -> Took:
    """Run a contender once, in a process of its own."""
    if (name, family) not in done:
        report = home / "report.json"
        report.unlink(missing_ok=True)
        command = [sys.executable, str(HERE / "learning_contender.py"), name, str(home / "warehouse.duckdb")]
        measured = run_measured([*command, family, str(report)], environment_of_one_thread())
        if measured.status != 0:
            raise SystemExit(f"{name} ({family}) failed")
        done[name, family] = Took(json.loads(report.read_text())["seconds"], measured.peak_mb)
    return done[name, family]


def compare(
    home: Path, users: int, case: tuple[str, str, str, str | None], done: dict[tuple[str, str], Took]
) -> list[Record]:
    """Return the rows of one case."""
    name, family, ours, peer = case
    mine = run(home, family, ours, done)
    theirs = run(home, family, peer, done) if peer else None
    rows = []
    for measure, unit, key in (("wall", "s", "seconds"), ("peak", "MB", "peak_mb")):
        a, b = getattr(mine, key), getattr(theirs, key) if theirs else None
        rows.append(record(f"{name}, {family}", users, measure, a, peer, b, unit, mine.peak_mb))
    return rows


def growth(records: list[Record]) -> list[Record]:
    """Return how peak memory grew from the smallest to the largest size; the peer is ours at the smallest."""
    peaks: dict[str, list[tuple[int, float]]] = {}
    for one in records:
        if one["measure"] == "peak" and "scoring" in str(one["case"]):
            peaks.setdefault(str(one["case"]), []).append((int(str(one["size"])), float(str(one["ours"]))))
    return [
        record(
            case, max(found)[0], "peak by size", max(found)[1], f"{min(found)[0]} users", min(found)[1], "MB"
        )
        for case, found in peaks.items()
        if len(found) > 1
    ]


def record(
    case: str,
    size: int,
    measure: str,
    ours: float,
    peer: str | None,
    theirs: float | None,
    unit: str,
    peak_mb: float | None = None,
) -> Record:
    """Return one row of the table."""
    return {
        "case": case,
        "size": size,
        "measure": measure,
        "ours": round(ours, 2),
        "peer": peer,
        "theirs": None if theirs is None else round(theirs, 2),
        "ratio": None if theirs is None else round(ours / theirs, 3),
        "unit": unit,
        "peak_mb": None if peak_mb is None else round(peak_mb),
    }


def show(records: list[Record]) -> None:
    """Print the table."""
    for one in records:
        cells = (
            one["case"],
            one["size"],
            one["measure"],
            one["ours"],
            one["peer"],
            one["theirs"],
            one["ratio"],
        )
        print("  ".join(f"{cell!s:>{w}}" for cell, w in zip(cells, (30, 9, 12, 10, 16, 10, 7), strict=True)))


if __name__ == "__main__":
    main()

"""How long a full build takes and how much memory, beside a hand-written script and pandas.

    python benchmarks/full_build.py --events 1000000 [10000000 ...] [--json FILE] [--home DIR]
                                    [--peers floor,pandas] [--runs K] [--delta]

Landing files of N events over N/10 people are generated once (kept under --home) and read once before
anything is timed, so that all find them in the system's cache. Each run starts `dbt build` on an empty
warehouse: every model and every data test, but not the models' unit tests, which do not depend on the
data and which `profilectl build` leaves out too. The floor makes the same columns of
`marts.user_features` in one script, and its table is compared with ours column by column; pandas makes
part of them. `--delta` builds again after one hundredth more has landed, an evening's events, and once
more with nothing new, each beside the full build. Wall time and processor time are medians over the
runs; memory is the peak of the resident set of all processes together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from full_build_delta import after_the_full_build
from full_build_delta import records as delta_records
from full_build_measure import Measured, run_measured

HERE = Path(__file__).resolve().parent
AS_OF = "2017-12-30"
PANDAS_LIMIT_MB = 12_000
Record = dict[str, object]


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a run: a warehouse and folders of its own under `home`."""
    own = {
        "PROFILECTL_HOME": str(home),
        "PROFILECTL_LANDING": str(home / "landing"),
        "PROFILECTL_WAREHOUSE": str(home / "warehouse.duckdb"),
        "PROFILECTL_AS_OF": AS_OF,
        "PROFILECTL_MEMORY_LIMIT": os.environ.get("PROFILECTL_MEMORY_LIMIT", "3.5GB"),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
    }
    return {**os.environ, **own}


def empty(home: Path) -> None:
    """Take the warehouse away."""
    for old in home.glob("warehouse.duckdb*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()


def build(home: Path) -> Measured:
    """Run `dbt build` on the warehouse as it stands."""
    root = HERE.parent
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build"]
    command += ["--project-dir", str(root / "dbt_project"), "--profiles-dir", str(root)]
    command += ["--target-path", str(home / "target"), "--log-path", str(home / "logs")]
    command += ["--exclude-resource-type", "unit_test"]
    measured = run_measured(command, environment(home))
    if measured.status != 0:
        raise SystemExit(f"dbt build failed: see {home / 'logs' / 'dbt.log'}")
    return measured


def warm_cache(folder: Path) -> None:
    """Read every file once, so that the system holds it in memory for all alike."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                while opened.read(1 << 24):
                    pass


def peer(name: str, home: Path) -> Measured:
    """Run one peer on the same files."""
    output = home / {"floor": "floor.duckdb", "pandas": "pandas.parquet"}[name]
    output.unlink(missing_ok=True)
    command = [sys.executable, str(HERE / f"full_build_{name}.py"), str(home / "landing"), str(output), AS_OF]
    return run_measured(command, environment(home), PANDAS_LIMIT_MB if name == "pandas" else None)


def median(runs: list[Measured]) -> Measured:
    """Return the median of each measure."""
    return Measured(
        statistics.median(run.wall_s for run in runs),
        statistics.median(run.cpu_s for run in runs),
        max(run.peak_mb for run in runs),
        max(run.status for run in runs),
    )


def layers(home: Path) -> dict[str, float]:
    """Return seconds per layer, tests apart, as dbt counted them."""
    found = json.loads((home / "target" / "run_results.json").read_text())
    nodes = json.loads((home / "target" / "manifest.json").read_text())["nodes"]
    seconds: Counter[str] = Counter()
    for result in found["results"]:
        kind = result["unique_id"].split(".")[0]
        folder = nodes[result["unique_id"]]["fqn"][1] if kind == "model" else kind
        seconds[f"models in {folder}" if kind == "model" else f"{kind}s"] += result["execution_time"]
    return dict(seconds)


def agreement(home: Path) -> tuple[int, list[str]]:
    """Compare the floor's table with ours: users, and count and sum (or distinct values) of each column."""
    import duckdb  # here, not above: what this process holds must not count as a child's memory

    connection = duckdb.connect()
    connection.execute(f"attach '{home / 'warehouse.duckdb'}' as ours (read_only)")
    connection.execute(f"attach '{home / 'floor.duckdb'}' as floor (read_only)")
    columns = connection.execute(
        """
        select o.column_name, o.data_type from duckdb_columns() as o
        where o.database_name = 'ours' and o.schema_name = 'marts' and o.table_name = 'user_features'
            and o.column_name not in ('user_id', 'as_of', 'changed_in')
        """
    ).fetchall()
    wrong = []
    for name, data_type in columns:
        second = f"count(distinct {name})" if data_type == "VARCHAR" else f"coalesce(sum({name}::double), 0)"
        query = f"select count(*), count({name}), {second} from"
        ours = connection.execute(f"{query} ours.marts.user_features").fetchone() or ()
        theirs = connection.execute(f"{query} floor.user_features").fetchone() or ()
        if any(abs(a - b) > 1e-6 * max(1, abs(a)) for a, b in zip(ours, theirs, strict=True)):
            wrong.append(f"{name}: {ours} against {theirs}")
    return len(columns), wrong


def records(events: int, ours: Measured, name: str, theirs: Measured) -> list[Record]:
    """Return the rows of the table for one peer."""
    rows: list[Record] = []
    for measure, unit in (("wall_s", "s"), ("cpu_s", "s"), ("peak_mb", "MB")):
        a, b = getattr(ours, measure), getattr(theirs, measure)
        died = theirs.status != 0
        rows.append(
            {
                "case": "full build",
                "size": events,
                "measure": measure.rsplit("_", 1)[0],
                "ours": round(a, 1),
                "peer": name + (" (died)" if died else ""),
                "theirs": round(b, 1),
                "ratio": None if died else round(a / b, 2),
                "unit": unit,
                "peak_mb": round(ours.peak_mb),
            }
        )
    return rows


def growth(results: list[tuple[int, Measured]]) -> list[Record]:
    """Return how our time grows from each size to the next."""
    rows: list[Record] = []
    for (small, before), (large, after) in pairwise(results):
        for measure in ("wall_s", "cpu_s"):
            a, b = getattr(after, measure), getattr(before, measure)
            rows.append(
                {
                    "case": f"growth from {small:,}",
                    "size": large,
                    "measure": measure[:-2],
                    "ours": round(a, 1),
                    "peer": f"ours at {small:,}",
                    "theirs": round(b, 1),
                    "ratio": round(a / b, 2),
                    "unit": "s",
                    "peak_mb": round(after.peak_mb),
                }
            )
    return rows


def show(rows: list[Record]) -> None:
    """Print the records as one table."""
    names = list(rows[0])
    table = [names] + [["" if row[name] is None else f"{row[name]}" for name in names] for row in rows]
    widths = [max(len(line[index]) for line in table) for index in range(len(names))]
    for line in table:
        print("  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)))


def measure(
    events: int, home: Path, peers: list[str], runs: int, delta: bool
) -> tuple[Measured, list[Record]]:
    """Measure ours and the peers at one size, taking turns."""
    home.mkdir(parents=True, exist_ok=True)
    for folder, options in {"landing": [], "delta": ["delta"]}.items():
        generator = [sys.executable, str(HERE / "full_build_data.py"), str(home / folder), str(events)]
        if run_measured([*generator, *options], environment(home)).status:
            raise SystemExit("the landing files could not be generated")
        warm_cache(home / folder)
    found: dict[str, list[Measured]] = {name: [] for name in ["ours", *peers]}
    later: dict[str, list[Measured]] = {}
    for _ in range(runs):
        empty(home)
        found["ours"].append(build(home))
        seconds = layers(home)
        for name in peers:
            found[name].append(peer(name, home))
        if "floor" in peers:
            agreed = agreement(home)
        if delta:
            again = after_the_full_build(lambda: build(home), home / "delta", home / "landing")
            for case, took in again.items():
                later.setdefault(case, []).append(took)
    ours = median(found["ours"])
    rows: list[Record] = []
    for name in peers:
        rows += records(events, ours, name, median(found[name]))
    print(f"{events:,} events: " + ", ".join(f"{name} {s:.1f} s" for name, s in sorted(seconds.items())))
    if delta:
        rows += delta_records(events, ours, {case: median(took) for case, took in later.items()})
    if "floor" in peers:
        columns, wrong = agreed
        print(
            f"{events:,} events: {columns - len(wrong)} of {columns} feature columns agree with the floor's"
        )
        for line in wrong:
            print(f"  differs: {line}")
    return ours, rows


def main() -> None:
    """Measure every size asked for and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, nargs="+", required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--home", type=Path, default=Path("var/benchmarks/full_build"))
    parser.add_argument("--peers", default="floor", help="comma-separated: floor, pandas")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--delta", action="store_true")
    options = parser.parse_args()
    peers = [name for name in options.peers.split(",") if name]
    rows: list[Record] = []
    results = []
    for events in sorted(options.events):
        ours, found = measure(
            events, options.home.absolute() / str(events), peers, options.runs, options.delta
        )
        results.append((events, ours))
        rows += found
    rows += growth(results)
    if rows:
        show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()

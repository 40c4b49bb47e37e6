"""What keeping a large warehouse fresh costs: updates with little and with nothing new, publishing, watching.

    python benchmarks/update.py [--events 10000000] [--home DIR] [--files 24] [--tasks a,b] [--json FILE]

Landing files of N events over N/10 people are generated once (kept under --home). In this order:

full build and scoring  `profilectl build`, then, after models were trained once, `profilectl score`: everyone
1% more                 one hundredth more lands, an evening's events; `profilectl update --train never`
nothing new             `profilectl update` again
publish                 the seconds of the step of that update, beside a plain copy of the published file
watch                   files of one thousandth of an evening arrive one by one; seconds from file to readers

Each is a whole process, Python's and dbt's start included. One run; read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from full_build_data import generate
from full_build_delta import landed
from full_build_measure import Measured, run_measured

ROOT = Path(__file__).resolve().parents[1]
AS_OF = "2017-12-30"
TASKS = "spend_next_28d,churn_next_28d,audience_segments"
Record = dict[str, object]


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a run: a warehouse and folders of its own under `home`."""
    own = {
        "PROFILECTL_HOME": str(home),
        "PROFILECTL_LANDING": str(home / "landing"),
        "PROFILECTL_WAREHOUSE": str(home / "warehouse.duckdb"),
        "PROFILECTL_AS_OF": AS_OF,
        "PROFILECTL_PROJECT_DIR": str(ROOT / "dbt_project"),
        "DBT_PROFILES_DIR": str(ROOT),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
    }
    return {**os.environ, **own}


def call(home: Path, *arguments: str) -> tuple[Measured, Any]:
    """Run one command with `--json`; return what it cost and what it said."""
    told = home / "told.json"
    command = [str(Path(sys.executable).with_name("profilectl")), *arguments, "--json"]
    measured = run_measured(command, environment(home), output=told)
    if measured.status != 0:
        raise SystemExit(f"{' '.join(arguments)} failed: {told.read_text()[-2000:]}")
    return measured, json.loads(told.read_text())


def plain_copy(file: Path) -> float:
    """Copy a file beside itself, to the disk, and return the seconds."""
    copy, started = file.with_name("copy.tmp"), time.monotonic()
    shutil.copyfile(file, copy)
    handle = os.open(copy, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    seconds = time.monotonic() - started
    copy.unlink()
    return seconds


def watch(home: Path, files: int) -> list[float]:
    """Let small files arrive one after the other while `profilectl watch` runs; return their seconds."""
    source = next((home / "delta").glob("shop/transactions/*"))
    with duckdb.connect() as connection:
        rows = connection.execute("select * from read_csv(?, all_varchar=true) limit 200", [str(source)])
        columns, lines = [c[0] for c in rows.description or []], rows.fetchall()
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("profilectl")), "watch", "--train", "never", "--json"],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = home / "landing" / "shop" / "transactions"
    assert process.stdout is not None
    arrived = []
    try:
        process.stdout.readline()  # the first look: nothing new
        for number in range(files):
            text = "\n".join(
                ",".join([f"w{number}-{line[0]}", *(str(v) for v in line[1:])]) for line in lines
            )
            file = folder / f"watch-{number}.csv"
            aside = folder / f".watch-{number}.tmp"
            aside.write_text(",".join(columns) + "\n" + text + "\n", encoding="utf-8")
            aside.replace(file)
            arrived.append(file)
            told = json.loads(process.stdout.readline())
            if not told.get("success"):
                raise SystemExit(f"watch: file {number + 1} was not published: {told}")
            print(f"watch: file {number + 1}: {told['latency']}", file=sys.stderr, flush=True)
    finally:
        process.terminate()
        process.wait()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select seconds from ops.freshness where file like '%/watch-%' order by seconds"
        ).fetchall()
    for file in arrived:
        file.unlink()
    return [float(seconds) for (seconds,) in found]


def record(
    case: str, events: int, measure: str, ours: float, peer: str, theirs: float, **more: Any
) -> Record:
    """Return one row of the table."""
    ratio = round(ours / theirs, 3) if theirs else None
    found = {"case": case, "size": events, "measure": measure, "ours": round(ours, 2), "peer": peer}
    return found | {"theirs": round(theirs, 2), "ratio": ratio, "unit": "s", "peak_mb": None} | more


def measure(home: Path, events: int, files: int, tasks: list[str]) -> list[Record]:
    """Run everything and return the rows of the table."""
    for name, delta in (("landing", False), ("delta", True)):
        if not (home / name).exists():
            generate(home / name, events, delta=delta)
    for old in (*home.glob("warehouse.duckdb*"), home / "published", home / "dbt"):
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    built, _ = call(home, "build")
    call(home, "train", *tasks)
    scored, _ = call(home, "score", *tasks)
    whole, _ = call(home, "publish")
    call(home, "update", "--train", "never")  # takes note of what a build by hand has done
    everything = built.wall_s + scored.wall_s
    with landed(home / "delta", home / "landing"):
        more, told = call(home, "update", "--train", "never")
        empty, _ = call(home, "update", "--train", "never")
        steps = {step["step"]: step["seconds"] for step in told["steps"]}
        print(f"1% more: {steps}", file=sys.stderr, flush=True)
        version = (home / "published" / "profiles.duckdb").resolve()
        size, copied = version.stat().st_size / 1e9, median(plain_copy(version) for _ in range(3))
        seconds = watch(home, files)
    p50, p95 = (seconds[min(len(seconds) - 1, int(len(seconds) * share))] for share in (0.5, 0.95))
    beyond = (steps["publish"] - copied) / size
    return [
        record("1% more", events, "wall", more.wall_s, "full build and scoring", everything,
               peak_mb=round(more.peak_mb)),
        record("1% more", events, "cpu", more.cpu_s, "full build and scoring", built.cpu_s + scored.cpu_s),
        *(record("1% more", events, f"step {name}", took, "the whole update", more.wall_s)
          for name, took in steps.items()),
        record("nothing new", events, "wall", empty.wall_s, "aim", 5.0, peak_mb=round(empty.peak_mb)),
        record("publish 1% more", events, "wall", steps["publish"], "plain copy", copied),
        record("publish 1% more", events, "beyond a copy, per GB", beyond, "aim", 2.0),
        record("publish everything", events, "wall", whole.wall_s, "plain copy", copied,
               peak_mb=round(whole.peak_mb)),
        record("published file", events, "GB", size, "warehouse",
               (home / "warehouse.duckdb").stat().st_size / 1e9, unit="GB"),
        record("watch", events, "p50", p50, "aim", 15.0),
        record("watch", events, "p95", p95, "aim", 15.0),
    ]  # fmt: skip


def main() -> None:
    """Parse the command line, run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--home", type=Path, default=Path("/tmp/profilectl-update"))  # noqa: S108
    parser.add_argument("--files", type=int, default=24, help="files that arrive while watching")
    parser.add_argument("--tasks", default=TASKS, help="tasks that are trained and scored")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = measure(given.home.absolute(), given.events, given.files, given.tasks.split(","))
    for row in rows:
        print(f"{row['case']:20} {row['measure']:24} {row['ours']:>10} {row['peer']:>24} {row['theirs']:>10}"
              f" {row['ratio']!s:>8}")  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

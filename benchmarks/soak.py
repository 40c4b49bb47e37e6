"""Readers that never stop while updates are killed: failed reads, partial versions, lost or doubled events.

    python benchmarks/soak.py [--updates 50] [--readers 8] [--kill 0.5] [--seed 1] [--json FILE]

A shop's receipts land file by file. After each one `profilectl update` runs; with the given probability it
is killed (SIGKILL) at a random moment and started again, until it ends by itself. Meanwhile processes open
the published file again and again, as a BI tool does, and check each version by itself: that its events are
those of the first k files, for one k, that they fit its own table counts and features, that every event has
its user, and that k never falls. At the end every event is counted once. Anything else ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[1]
ROWS = 40
_HEADER = (
    "basket_id,line_no,product_id,card_id,sales_value,quantity,retail_disc,coupon_disc,coupon_match_disc,"
    "transaction_timestamp\n"
)


@dataclass
class Read:
    """What one reader saw."""

    reads: int = 0
    versions: int = 0
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def land(landing: Path, number: int, rows: int = ROWS) -> None:
    """Put file `number` where it belongs, all of it at once, as a careful sender does."""
    folder = landing / "shop" / "transactions"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"b{number}-{i},1,p{i % 7},card{(number * 7 + i) % 60},{1 + i / 4:.2f},1,0,0,0,"
        f"2017-{5 + number % 3:02d}-{3 + i % 25:02d} 10:{i % 60:02d}:00\n"
        for i in range(rows)
    ]
    aside = folder / f".{number}.tmp"
    aside.write_text(_HEADER + "".join(lines), encoding="utf-8")
    aside.replace(folder / f"file-{number:04d}.csv")


def check(connection: duckdb.DuckDBPyConnection, rows: int = ROWS) -> tuple[int, str]:
    """Return how many files a version holds, and what is wrong with it, or an empty text."""
    events, distinct, ownerless, amount = connection.execute(
        "select count(*), count(distinct event_id), count(*) filter (users.user_id is null), sum(amount)"
        " from marts.fct_events as events left join marts.dim_users as users using (user_id)"
    ).fetchall()[0]
    listed, bought, quality = connection.execute(
        "select (select row_count from meta.\"tables\" where table_name = 'parts.int_events'),"
        " (select sum(lines_91d) from marts.user_features), (select sum(shaped) from marts.data_quality)"
    ).fetchall()[0]
    whole, rest = divmod(events, rows)
    expected = whole * sum(1 + i / 4 for i in range(rows))
    problems = {
        f"{events} events are no number of whole files": rest != 0,
        f"{events} events, {distinct} of them different": events != distinct,
        f"{ownerless} events without a user": ownerless != 0,
        f"{events} events, {listed} in the list of tables": events != listed,
        f"{events} events, {quality} in data_quality": events != quality,
        f"{events} events, {bought} in the features": bought is not None and events != bought,
        f"amounts {amount}, expected {expected}": abs((amount or 0) - expected) > 0.01,
    }
    return whole, "; ".join(text for text, is_wrong in problems.items() if is_wrong)


def reader(published: str, stop: Event, found: Any) -> None:
    """Open the published file anew, time and again, until told to stop."""
    seen, last, versions = Read(), 0, set()
    while not stop.is_set():
        try:
            file = os.path.realpath(published)
            with duckdb.connect(file, read_only=True, config={"threads": 1}) as connection:
                whole, problem = check(connection)
        except duckdb.Error as error:
            seen.failed.append(str(error).splitlines()[0])
            continue
        seen.reads += 1
        versions.add(file)
        if problem or whole < last:
            seen.wrong.append(problem or f"{whole} files after {last}")
        last = max(last, whole)
        time.sleep(0.05)
    seen.versions = len(versions)
    found.put(asdict(seen))


def update(environment: dict[str, str], kill_after: float | None) -> tuple[int, float]:
    """Run one update; kill it after so many seconds. Returns its exit code and its seconds."""
    command = [sys.executable, "-m", "profilectl.app", "update", "--train", "never", "--json"]
    command += ["--project-dir", str(ROOT / "dbt_project")]
    started = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        _, told = process.communicate(timeout=kill_after)
        if process.returncode:
            raise SystemExit(f"an update failed by itself:\n{told.decode()}")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return process.returncode, time.monotonic() - started


def soak(home: Path, updates: int, readers: int, kill: float, seed: int) -> dict[str, Any]:
    """Run it all and return the counts."""
    rng = random.Random(seed)
    environment = os.environ | {
        "PROFILECTL_HOME": str(home),
        "PROFILECTL_LANDING": str(home / "landing"),
        "PROFILECTL_WAREHOUSE": str(home / "warehouse.duckdb"),
        "PROFILECTL_AS_OF": "2017-07-31",
        "PROFILECTL_MEMORY_LIMIT": "1GB",
        "DBT_PROFILES_DIR": str(ROOT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    }
    published = home / "published" / "profiles.duckdb"
    land(home / "landing", 0)
    _, usual = update(environment, None)
    stop, found = multiprocessing.Event(), multiprocessing.Queue()
    processes = [
        multiprocessing.Process(target=reader, args=(str(published), stop, found)) for _ in range(readers)
    ]
    for process in processes:
        process.start()
    kills, took = 0, []
    for number in range(1, updates + 1):
        land(home / "landing", number)
        while True:
            after = rng.uniform(0, usual) if rng.random() < kill else None
            code, seconds = update(environment, after)
            if code == 0:
                took.append(seconds)
                usual = statistics.median(took)
                break
            kills += 1
        print(f"update {number} of {updates}, {kills} killed", file=sys.stderr, flush=True)
    stop.set()
    seen = [Read(**found.get()) for _ in processes]
    for process in processes:
        process.join()
    with duckdb.connect(str(published.resolve()), read_only=True) as connection:
        files, problem = check(connection)
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        outcomes = dict(connection.execute("select outcome, count(*) from ops.runs group by 1").fetchall())
    return {
        "updates": updates,
        "kills": kills,
        "runs": outcomes,
        "readers": readers,
        "reads": sum(one.reads for one in seen),
        "versions seen": max((one.versions for one in seen), default=0),
        "failed reads": sum(len(one.failed) for one in seen),
        "partial versions": sum(len(one.wrong) for one in seen),
        "files published": files,
        "lost or doubled events": 0 if files == updates + 1 and not problem else 1,
        "seconds per update": round(usual, 2),
        "told": sorted({text for one in seen for text in (*one.failed, *one.wrong)} | ({problem} - {""}))[:5],
    }


def main() -> None:
    """Parse the command line, run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--updates", type=int, default=50)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--kill", type=float, default=0.5, help="share of updates that are killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = soak(Path(folder), given.updates, given.readers, given.kill, given.seed)
    for name, value in found.items():
        print(f"{name:24} {value}")
    if given.json:
        records = [
            {
                "case": "soak",
                "size": given.updates,
                "measure": name,
                "ours": value,
                "peer": "must be",
                "theirs": 0,
                "ratio": None,
                "unit": "",
                "peak_mb": None,
            }
            for name, value in found.items()
            if name in ("failed reads", "partial versions", "lost or doubled events")
        ]
        given.json.write_text(json.dumps({"counts": found, "records": records}, indent=2), encoding="utf-8")
    sys.exit(bool(found["failed reads"] or found["partial versions"] or found["lost or doubled events"]))


if __name__ == "__main__":
    main()

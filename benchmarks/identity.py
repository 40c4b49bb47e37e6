"""How long it takes to find the users behind identifiers, beside Splink and scipy.

    python benchmarks/identity.py --size 1000000 [10000000 ...] [--json FILE] [--home DIR] [--runs K]
                                  [--peers floor,scipy,splink] [--shapes chain,hub,...] [--delta] [--limit S]
                                  [--project DIR --map TABLE]

Edges, pairs of identifiers as text, lie in a parquet file; each contender reads it in a process of its own
with two threads and writes a table (identifier, user), both text. The tables must divide the identifiers
alike. Each size is a graph of that many identifiers in components of 2 to 8; the shapes are what algorithms
for connected components are known to fail on, at 100,000 (nodes, leaves or edges). Graphs are generated once
and kept under --home, and read once before anything is timed.

Ours is measured twice. On every graph, the product's `connected_components` materialisation, run by dbt in a
small project that also turns text into numbers and back (identity_project.py). At each size also, as `through
dbt`, all of the product's identity models, which write the evidence, the ledger, `identity_map` and
`identity_changes` besides (identity_product.py). `wall` and `cpu` are those of dbt's nodes, without its
start-up, and of the peers without their imports; the rows `of the process` hold everything. Memory is the
peak of the whole process. `--delta` runs the product's models again after one more hundredth of the edges, in
the warehouse as it stands, beside a full run on all of them; `solve alone` is their model
int_identity_versions. `--project` measures another dbt project in place of both (identity_project.Project
says what it must do).

`floor` is no peer but a bound: it reads the same text, takes each identifier once and writes the table with
the same engine, without looking at what belongs together.

Splink needs the extra `bench` (`pip install -e '.[bench]'`); without it the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from full_build import show, warm_cache
from full_build_measure import run_measured
from identity_data import SHAPES, VERSION
from identity_delta import delta
from identity_product import write_product_project
from identity_project import Project, write_project
from identity_run import HERE, Contender, Record, Took, agree, median, records

PEERS = ("scipy", "splink")
#: Finds nobody's user: how long reading, distinct identifiers and writing take alone.
FLOOR = "floor"
SHAPE_SIZE = 100_000


@dataclass(frozen=True)
class Options:
    """What all cases share."""

    home: Path
    solver: Project
    product: Project
    peers: Sequence[str]
    runs: int
    limit_s: int

    def edges(self, graph: str, size: int) -> Path:
        """Return the file with the edges of a graph, generated when it is not there."""
        file = self.home / f"{graph}-{size}" / f"edges-{VERSION}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            generator = [sys.executable, str(HERE / "identity_data.py"), graph, str(size), str(file)]
            if run_measured(generator, os.environ).status:
                raise SystemExit(f"the graph {graph} of {size:,} could not be generated")
        warm_cache(file.parent)
        return file

    def ours(self, folder: Path) -> Contender:
        """Return our solver, with its files in `folder`."""
        return Contender("ours", folder, self.limit_s, self.solver)

    def through_dbt(self, folder: Path, name: str = "through_dbt") -> Contender:
        """Return the product's identity models, with their files in `folder`."""
        return Contender(name, folder, self.limit_s, self.product)


def full(options: Options, graph: str, size: int) -> tuple[list[Record], bool]:
    """Solve one graph by everyone, taking turns: the table's rows, and whether all found the same users."""
    print(f"{graph}, {size:,}")
    edges = options.edges(graph, size)
    ours = {graph: options.ours(edges.parent)}
    # elsewhere two identifiers of one type meet, which no record can carry
    if graph == "realistic" and options.product != options.solver:
        ours[f"{graph}, through dbt"] = options.through_dbt(edges.parent)
    peers = [Contender(name, edges.parent, options.limit_s) for name in options.peers]
    runs: dict[str, list[Took]] = {one.name: [] for one in (*ours.values(), *peers)}
    for _ in range(options.runs):
        for one in (*ours.values(), *peers):
            # who gave up once is not waited for again
            if all(run.status == 0 for run in runs[one.name]):
                runs[one.name].append(one.run([edges]))
    rows, alike = [], True
    for case, one in ours.items():
        mine = median(runs[one.name])
        if mine.status != 0:
            raise SystemExit(f"{one.name} failed on {graph} of {size:,}")
        for peer in peers:
            theirs = median(runs[peer.name])
            rows += records(case, size, mine, peer.name, theirs)
            solves = theirs.status == 0 and peer.name != FLOOR
            alike = (not solves or agree(one, peer)) and alike
        if not peers:
            rows += records(case, size, mine, "none", None)
    if len(ours) > 1:
        alike = agree(*ours.values()) and alike
    return rows, alike


def without_missing(peers: Sequence[str]) -> list[str]:
    """Return the peers that are installed; say which are not."""
    unknown = set(peers) - {FLOOR, *PEERS}
    if unknown:
        raise SystemExit(
            f"unknown peer {', '.join(sorted(unknown))}: choose from {FLOOR}, {', '.join(PEERS)}"
        )
    missing = {name for name in peers if name != FLOOR and find_spec(name) is None}
    for name in sorted(missing):
        print(f"{name} is not installed (pip install -e '.[bench]'): going on without it")
    return [name for name in peers if name not in missing]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, nargs="+", default=[], help="identifiers, realistic components")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--home", type=Path, default=Path("var/benchmarks/identity"))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument(
        "--peers", default=",".join((FLOOR, *PEERS)), help="comma-separated; empty for ours alone"
    )
    parser.add_argument("--shapes", default=",".join(SHAPES), help="comma-separated; empty for none")
    parser.add_argument("--delta", action="store_true", help="also solve again after 1%% more edges")
    parser.add_argument("--limit", type=int, default=900, help="seconds after which a run is given up")
    parser.add_argument("--project", type=Path, help="another dbt project to measure as ours")
    parser.add_argument("--map", default="main.user_map", help="the table that it makes")
    return parser.parse_args()


def main() -> None:
    """Measure every case asked for and print one table."""
    given = parse()
    home = given.home.absolute()
    if given.project is None:
        solver, product = write_project(home / "project"), write_product_project(home / "product")
    else:
        solver = product = Project(given.project.absolute(), given.map)
    peers = without_missing([name for name in given.peers.split(",") if name])
    options = Options(home, solver, product, peers, given.runs, given.limit)
    shapes = [name for name in given.shapes.split(",") if name]
    rows: list[Record] = []
    alike = True
    for graph, size in [("realistic", size) for size in given.size] + [(name, SHAPE_SIZE) for name in shapes]:
        found, equal = full(options, graph, size)
        rows, alike = rows + found, alike and equal
    for size in given.size if given.delta else []:
        print(f"1% delta, {size:,}")
        files = [options.edges(graph, size) for graph in ("realistic", "delta")]
        ours, again = (options.through_dbt(files[1].parent, name) for name in ("through_dbt", "again"))
        found, equal = delta(ours, again, size, files, options.runs)
        rows, alike = rows + found, alike and equal
    if rows:
        show(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")
    if not alike:
        raise SystemExit("not everyone found the same users")


if __name__ == "__main__":
    main()

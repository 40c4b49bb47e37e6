"""How right the product's own choice is, beside peers on the same rows, over many public sets.

    python benchmarks/quality.py --data DIR [--json FILE] [--only NAME…] [--budget SECONDS]

DIR holds a folder for each set. A row is one measure beside one peer: figures of tuned peers that were known
beforehand are quoted, those marked `this run` are computed here with common settings. Choosing happens inside
each training part; nothing is set for any one set but what a user states: kind, label, users and loss. Where
ours is behind a peer the last column says so. Recommending and segmenting are measured by modules of their
own; spend in the next 28 days by `benchmarks/spend.py` (MAE 67.8, RMSE 105 to beat), which builds the whole
project and is run here with `--only spend_next_28d`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import quality_tables_flat
import quality_tables_purchases
import quality_tables_sequences
from quality_tables import LESS_IS_BETTER, records

TABLES = (quality_tables_flat, quality_tables_purchases, quality_tables_sequences)
OTHERS = {"recommending": "quality_recommending", "segmenting": "quality_segmenting"}
SPEND, SPEND_QUOTED = "spend_next_28d", {"MAE": 67.8, "RMSE": 105.0}


def main() -> None:
    """Judge and print, row by row, since some sets take minutes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="write the table there too")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--budget", type=float, default=600.0, help="seconds for comparing, for each split")
    given = parser.parse_args()
    known = {*OTHERS, SPEND, *(name for module in TABLES for name in module.CASES)}
    unknown = sorted(set(given.only) - known)
    if unknown:
        parser.error(f"there is no case {unknown[0]!r}; cases: {', '.join(sorted(known))}")
    found = []
    print(f"{'case':<22}{'rows':>8} {'measure':<10}{'ours':>11}{'theirs':>11}{'ratio':>8}  peer")
    for row in _rows(given.data, set(given.only), given.budget):
        found.append(row)
        print(_line(row), flush=True)
        if given.json:
            given.json.write_text(json.dumps(found, indent=2) + "\n")


def behind(row: dict[str, Any]) -> bool:
    """Return whether ours is worse than the peer's figure."""
    if row["theirs"] is None or row["ours"] is None:
        return False
    less = str(row["measure"]).upper() in LESS_IS_BETTER
    return bool(row["ours"] > row["theirs"] if less else row["ours"] < row["theirs"])


def _rows(data: Path, wanted: set[str], budget: float) -> Iterator[dict[str, Any]]:
    for module in TABLES:
        for protocol in module.protocols(data, wanted):
            yield from records(protocol, lambda text: print(f"  {text}", file=sys.stderr), budget)
    for name, module_name in OTHERS.items():
        if find_spec(module_name) is not None and (not wanted or name in wanted):
            yield from import_module(module_name).records(data)
    if not wanted or SPEND in wanted:
        yield from _spend()


def _spend() -> Iterator[dict[str, Any]]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        call = [sys.executable, str(Path(__file__).with_name("spend.py")), "--json", file.name]
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
        rows = json.loads(Path(file.name).read_text())
    for measure, figure in SPEND_QUOTED.items():
        mine = next(row for row in rows if row["measure"] == measure)
        ratio = mine["ours"] / figure
        yield {**mine, "peer": "quoted", "theirs": figure, "ratio": ratio}
    yield from rows


def _line(row: dict[str, Any]) -> str:
    figures = "".join(f"{'' if row[k] is None else format(row[k], '.4f'):>11}" for k in ("ours", "theirs"))
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
    start = f"{row['case']:<22}{row['size']:>8} {row['measure']:<10}"
    return f"{start}{figures}{ratio:>8}  {row['peer']}{'  <- behind' if behind(row) else ''}"


if __name__ == "__main__":
    main()

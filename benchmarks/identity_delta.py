"""What a hundredth more edges costs where the rest is solved already, beside solving everything again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from identity_run import Contender, Record, Took, agree, median, records


def delta(
    ours: Contender, again: Contender, size: int, files: Sequence[Path], runs: int
) -> tuple[list[Record], bool]:
    """Solve the first of `files`, then all of them on top of it, then all of them afresh by `again`.

    `ours` and `again` run one dbt project that keeps state in databases of their own: the second run finds
    the tables of the first, and what is new in the last file of its var `edges`. Returns the rows of the
    table, in which ours is the second run and theirs the third, and whether both found the same users.
    """
    later: list[Took] = []
    full: list[Took] = []
    for _ in range(runs):
        first = ours.run(files[:1])
        later.append(ours.run(files, keep=True))
        full.append(again.run(files))
        if any(took.status for took in (first, later[-1], full[-1])):
            raise SystemExit("ours failed on the delta")
    return records("1% delta through dbt", size, median(later), "ours in full", median(full)), agree(
        ours, again
    )

"""Bound: what every solver that reads and writes text has to do, and nothing of what makes it a solver.

Run by identity.py. It reads the edges, takes each identifier once and writes the table (identifier, user),
with names of users as long as ours, by DuckDB with the settings of ours; every identifier is its own user.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from identity_contender import THREADS, contend, read


def solve(edges: list[Path], output: Path) -> None:
    """Write table `user_map` (identifier, user) without looking at what belongs together."""
    with duckdb.connect(str(output)) as connection:
        connection.execute(f"set threads = {THREADS}")
        connection.execute("set memory_limit = '3.5GB'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(
            "create table user_map as select identifier, 'u' || (hash(identifier) >> 1)"
            f" as user from (select distinct identifier from (select identifier_l as identifier from"
            f" {read(edges)} union all select identifier_r from {read(edges)}))"
        )


if __name__ == "__main__":
    contend(solve)

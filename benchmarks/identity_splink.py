"""Peer: Splink's connected components on DuckDB, on the strings themselves, as Splink's users run it.

Run by identity.py; needs the extra `bench`. Its tables are in memory and its memory is not limited: it is at
its fastest. The list of nodes that it asks for is made from the edges, as part of the work.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

from identity_contender import THREADS, contend, read


def solve(edges: list[Path], output: Path) -> None:
    """Write table `user_map` (identifier, user) of the components."""
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {THREADS}")
        connection.execute(f"create table edges as from {read(edges)}")
        connection.execute(
            """
            create table nodes as
            select identifier_l as identifier from edges union select identifier_r from edges
            """
        )
        clusters = cluster_pairwise_predictions_at_threshold(
            nodes=connection.table("nodes"),
            edges=connection.table("edges"),
            db_api=DuckDBAPI(connection),
            node_id_column_name="identifier",
        )
        connection.execute(f"attach '{output}' as output")
        found = f"select identifier, cluster_id as user from {clusters.physical_name}"
        connection.execute(f"create table output.user_map as {found}")


if __name__ == "__main__":
    contend(solve)

"""Peer: scipy's `connected_components`, with the strings turned into numbers by Arrow and back by DuckDB.

Run by identity.py. Of what was tried on 20M strings, Arrow's `dictionary_encode` was the fastest way to
numbers, 2.5 times as fast as `pandas.factorize`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from identity_contender import THREADS, contend, read

BATCH = 122_880  # DuckDB's row group: smaller batches than one large one let both threads write


def solve(edges: list[Path], output: Path) -> None:
    """Write table `user_map` (identifier, user) of the components."""
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {THREADS}")
        connection.execute("set preserve_insertion_order = false")
        pairs = connection.execute(f"from {read(edges)}").to_arrow_table()
        rows = pairs.num_rows
        ends = pa.chunked_array(pairs.column(0).chunks + pairs.column(1).chunks)
        del pairs
        # 32-bit offsets hold two gigabytes of text
        encoded = ends.cast(pa.large_string()).combine_chunks().dictionary_encode()
        del ends
        names, numbers = encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False)
        shape = (len(names), len(names))
        graph = coo_array((np.ones(rows, np.int8), (numbers[:rows], numbers[rows:])), shape=shape)
        _, component = connected_components(graph, directed=False)
        found = pa.table({"identifier": names, "component": component})
        found = pa.Table.from_batches(found.to_batches(max_chunksize=BATCH))
        connection.register("found", found)
        connection.execute(f"attach '{output}' as output")
        connection.execute(
            "create table output.user_map as select identifier, 'u' || component as user from found"
        )


if __name__ == "__main__":
    contend(solve)

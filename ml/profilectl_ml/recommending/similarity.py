"""Items that go together, counted in SQL inside DuckDB."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
from scipy.sparse import csr_matrix

# Pairs grow with the square of a user's items; beyond their latest so many, a user tells little more.
MAX_PER_USER = 100
NEIGHBOURS = 100
SHRINKAGE = 10.0  # users: a similarity that rests on few of them is drawn towards nought
WITHIN = 10  # how many items later still counts as next
_LATEST = (
    "latest as (select user_no, item_no, row_number() over (partition by user_no"
    " order by last_at desc, item_no) as place from recommending_past qualify place <= ?)"
)


def item_item(connection: duckdb.DuckDBPyConnection, items: int, shrinkage: float = SHRINKAGE) -> Any:
    """Return shrunk cosine similarities of items, CSR ``(items, items)``, nought on the diagonal.

    With ``n_ij`` users who had both: ``n_ij / (sqrt(n_i n_j) + shrinkage)``, the ``NEIGHBOURS`` largest
    per row.
    """
    return _matrix(
        connection,
        f"with {_LATEST},"
        " had as (select item_no, count(*) as n from latest group by item_no),"
        " both_had as (select a.item_no as i, b.item_no as j, count(*) as n from latest as a"
        " join latest as b on a.user_no = b.user_no and a.item_no < b.item_no group by 1, 2),"
        " pairs as (select i, j, n from both_had union all select j, i, n from both_had)"
        " select i, j, p.n / (sqrt(x.n::double * y.n) + ?) as similarity from pairs as p"
        " join had as x on x.item_no = i join had as y on y.item_no = j"
        f" qualify row_number() over (partition by i order by similarity desc, j) <= {NEIGHBOURS}"
        " order by i, j",
        [MAX_PER_USER, shrinkage],
        items,
    )


def next_item(connection: duckdb.DuckDBPyConnection, items: int) -> Any:
    """Return how much an item draws another after it, CSR ``(items, items)``; row: before, column: after.

    A pair counts by the inverse of the places between; sums are divided by the root of the later
    item's users, or popular items would follow everything.
    """
    # 2520 is divisible by every number of places up to ten: sums of whole numbers have no order.
    return _matrix(
        connection,
        f"with {_LATEST},"
        " had as (select item_no, count(*) as n from latest group by item_no),"
        " pairs as (select a.item_no as i, b.item_no as j, sum(2520 // (a.place - b.place)) / 2520.0 as n"
        " from latest as a join latest as b on a.user_no = b.user_no"
        f" and a.place between b.place + 1 and b.place + {WITHIN} group by 1, 2)"
        " select i, j, p.n / sqrt(y.n + ?) as similarity from pairs as p join had as y on y.item_no = j"
        f" qualify row_number() over (partition by i order by similarity desc, j) <= {NEIGHBOURS}"
        " order by i, j",
        [MAX_PER_USER, SHRINKAGE],
        items,
    )


def _matrix(connection: duckdb.DuckDBPyConnection, query: str, values: list[object], items: int) -> Any:
    found = connection.execute(query, values).fetchnumpy()
    data = np.asarray(found["similarity"], dtype=np.float32)
    return csr_matrix((data, (found["i"], found["j"])), shape=(items, items))

"""What is known of users and items before a cutoff: counted in SQL, held as sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.recommending.events import EVENTS
from profilectl_ml.recommending.holdout import Split
from profilectl_ml.recommending.task import RecommendationTask

Floats = NDArray[np.float32]
# The most popular ones; scoring holds users × items of a batch, and nobody is recommended item 20,001.
MAX_ITEMS = 20_000
# Where users are few, this part of them is enough for an item: a limit for thousands would leave nothing.
SMALL_SHARE = 20
_SCALE = 1_000_000_000  # decayed weights are added as whole numbers, so that their order changes no bit


@dataclass(frozen=True)
class History:
    """Pairs of user and item that occurred before a cutoff, and the items' popularity.

    Attributes
    ----------
    users
        User ids in alphabetical order, shape ``(users,)``.
    items
        Item ids, the most popular first (ties alphabetically), so that ties between scores go to the
        more popular item; shape ``(items,)``.
    indptr, indices
        The shared sparsity pattern, as in a CSR matrix of shape ``(users, items)``.
    data
        Per pair: ``times``, ``count`` (times, or summed value), ``short`` and ``long`` (the same, decayed
        with a quarter of and with the whole half-life), ``since`` and ``first`` (days to the last and first
        time), ``later`` (items the user had later).
    popularity
        Per item: ``users`` (who ever had it), ``users_recent`` (in the last horizon), ``users_week`` (in a
        quarter of it), ``again`` (times per user).
    timed
        Whether events have different moments.
    cap
        Why items were left out, if they were.
    """

    users: NDArray[np.object_]
    items: NDArray[np.object_]
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: dict[str, Floats]
    popularity: dict[str, Floats]
    timed: bool
    cap: str | None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of users and of items."""
        return len(self.users), len(self.items)

    def matrix(self, values: Floats | str) -> Any:
        """Return a CSR matrix ``(users, items)`` of one of ``data`` or of values aligned with it."""
        chosen = self.data[values] if isinstance(values, str) else values
        return csr_matrix((chosen, self.indices, self.indptr), shape=self.shape)


def read_history(connection: duckdb.DuckDBPyConnection, task: RecommendationTask, split: Split) -> History:
    """Count the past of a split; leaves ``recommending_past``, ``_users`` and ``_items`` for SQL.

    Raises
    ------
    ProfilectlError
        If no item has as many users as the task asks for.
    """
    total = _items(connection, task, split)
    times = "count(*)" if task.value else "sum(strength)"
    half = float(task.half_life_days)
    decayed = ", ".join(
        f"sum(({_SCALE} * strength * pow(0.5, age / {days!r}))::hugeint) / {_SCALE}.0 as {name}"
        for name, days in (("short", half / 4), ("long", half))
    )
    connection.execute(
        "create or replace temp table recommending_users as"
        " select user_id, (row_number() over (order by user_id) - 1)::integer as user_no from"
        f" (select distinct user_id from {EVENTS} join recommending_items using (item) where {split.past})"
        " order by user_no"
    )
    connection.execute(
        "create or replace temp table recommending_past as"
        f" with aged as (select *, date_diff('second', moment, ?::timestamp) / 86400.0 as age from {EVENTS}"
        f" where {split.past})"
        " select user_no, item_no::integer as item_no,"
        f" {times} as times, sum(strength::decimal(18, 4))::double as count, {decayed},"
        " min(age) as since, max(age) as first,"
        " max(moment) as last_at,"
        " rank() over (partition by user_no order by max(moment) desc) - 1 as later"
        " from aged join recommending_items using (item) join recommending_users using (user_id)"
        " group by user_no, item_no",
        [split.cutoff],
    )
    found = connection.execute("select * from recommending_past order by user_no, item_no").fetchnumpy()
    items = connection.execute("select * from recommending_items order by item_no").fetchnumpy()
    users = connection.execute("select user_id from recommending_users order by user_no").fetchnumpy()[
        "user_id"
    ]
    kept = ("times", "count", "short", "long", "since", "first", "later")
    data = {name: np.asarray(found[name], dtype=np.float32) for name in kept}
    return History(
        users=np.asarray(users, dtype=object),
        items=np.asarray(items["item"], dtype=object),
        indptr=np.searchsorted(found["user_no"], np.arange(len(users) + 1)).astype(np.int32),
        indices=np.asarray(found["item_no"], dtype=np.int32),
        data=data,
        popularity={
            name: np.asarray(items[name], dtype=np.float32)
            for name in ("users", "users_recent", "users_week", "again")
        },
        timed=bool(np.ptp(data["first"]) > 0),
        cap=f"the {MAX_ITEMS} most popular of {total} items" if total > MAX_ITEMS else None,
    )


def read_truth(connection: duckdb.DuckDBPyConnection, history: History, split: Split, repeats: str) -> Any:
    """Return what the history's users had in the split's future, a boolean CSR ``(users, items)``.

    With ``repeats`` false only what they had not had before, with true only what they had.
    """
    kept = {"both": "", "false": "anti join", "true": "semi join"}[repeats]
    restricted = (
        f"{kept} recommending_past as q on q.user_no = p.user_no and q.item_no = i.item_no" if kept else ""
    )
    found = connection.execute(
        "select distinct p.user_no, i.item_no from"
        f" (select distinct user_id, item from {EVENTS} where {split.future}) as f"
        " join recommending_items as i using (item)"
        " join recommending_users as p using (user_id)"
        f" {restricted} order by 1, 2"
    ).fetchnumpy()
    ones = np.ones(len(found["user_no"]), dtype=bool)
    return csr_matrix((ones, (found["user_no"], found["item_no"])), shape=history.shape)


def _items(connection: duckdb.DuckDBPyConnection, task: RecommendationTask, split: Split) -> int:
    days = int(task.horizon_days)
    quarter = max(days // 4, 1)
    ((users,),) = connection.execute(
        f"select count(distinct user_id) from {EVENTS} where {split.past}"
    ).fetchall()
    least = min(task.min_users_per_item, max(1, users // SMALL_SHARE))
    connection.execute(
        "create or replace temp table recommending_items as"
        " select item, count(distinct user_id) as users, count(*) / count(distinct user_id) as again,"
        f" count(distinct user_id) filter (moment >= ?::timestamp - interval {days} day) as users_recent,"
        f" count(distinct user_id) filter (moment >= ?::timestamp - interval {quarter} day) as users_week,"
        " row_number() over (order by count(distinct user_id) desc, item) - 1 as item_no"
        f" from {EVENTS} where {split.past} group by item having count(distinct user_id) >= ?",
        [split.cutoff, split.cutoff, least],
    )
    ((total,),) = connection.execute("select count(*) from recommending_items").fetchall()
    if not total:
        raise ProfilectlError(
            f"task {task.name}: no item has {least} users or more",
            hint="lower min_users_per_item, recommend categories, or land more data",
        )
    connection.execute("delete from recommending_items where item_no >= ?", [MAX_ITEMS])
    return int(total)

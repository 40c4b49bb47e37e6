"""Dividing events into what is learnt from and what is judged, twice: to choose, and to judge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.recommending.events import EVENTS
from profilectl_ml.recommending.task import RecommendationTask

_SHARE = 5  # one in five is held out at random


@dataclass(frozen=True)
class Split:
    """SQL conditions on the events: ``past`` is learnt from, ``future`` is judged.

    Attributes
    ----------
    past, future
        Conditions over the columns ``user_id, item, moment, held`` of the events; ``future`` is empty for the
        split that serves.
    cutoff
        The moment at which the past ends and from which ages are counted.
    """

    past: str
    future: str
    cutoff: datetime


def add_held(connection: duckdb.DuckDBPyConnection, task: RecommendationTask, seed: int) -> None:
    """Give each event ``held``: 1 for the split that judges, 2 for the one that chooses, else 3 or more.

    Nothing depends on the order of rows: moments decide, then a hash of user, item and seed.
    """
    key = f"md5(concat_ws('|', user_id, item, {int(seed)}))"
    if task.holdout == "horizon":
        last = f"(select max(moment)::date + 1 from {EVENTS})"
        days = f"date_diff('day', moment::date, {last}) - 1"
        held = f"select *, ({days}) // {int(task.horizon_days)} + 1 as held from {EVENTS}"
    elif task.holdout == "last":
        # A pair is held out with all its events, or a repeat would give it away.
        held = (
            f"select e.*, p.held from {EVENTS} as e join (select user_id, item, row_number() over"
            f" (partition by user_id order by max(moment) desc, {key}, item) as held from {EVENTS}"
            " group by user_id, item) as p using (user_id, item)"
        )
    else:
        number = f"('0x' || substr({key}, 1, 8))::bigint"
        held = (
            f"select *, case when {number} % {_SHARE} = 0 then 1"
            f" when {number} // {_SHARE} % {_SHARE} = 0 then 2 else 3 end as held from {EVENTS}"
        )
    connection.execute(f"create or replace temp table {EVENTS} as {held}")


def splits(connection: duckdb.DuckDBPyConnection, task: RecommendationTask) -> tuple[Split, Split, Split]:
    """Return the splits that choose, judge and serve.

    Raises
    ------
    ProfilectlError
        If there is nothing to learn from before what is held out.
    """
    ((last, early),) = connection.execute(
        f"select max(moment)::date + 1, count(*) filter (held > 2) from {EVENTS}"
    ).fetchall()
    if not early:
        needed = f"three windows of {task.horizon_days} days"
        if task.holdout != "horizon":
            needed = "users with three items or more"
        raise ProfilectlError(
            f"task {task.name}: the events end before there is something to learn, to choose and to judge",
            hint=f"{needed} are needed; land a longer history",
        )
    end = datetime(last.year, last.month, last.day)
    back = timedelta(days=task.horizon_days if task.holdout == "horizon" else 0)
    return (
        Split("held > 2", "held = 2", end - 2 * back),
        Split("held > 1", "held = 1", end - back),
        Split("true", "", end),
    )

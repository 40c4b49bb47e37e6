"""Recommendations as rows of ``ml.recommendations``, for users without history too."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import pyarrow as pa

from profilectl_ml.recommending.events import columns_of
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.watermarks import later_than, record_day

# A segment with fewer users who had anything is too small for a popularity of its own.
MIN_SEGMENT = 20
# Written at once: all together would need memory that grows with the users.
_PART_ROWS = 1_000_000
_COLUMNS = "user_id, task, rank, item, score, reason, is_repeat, model_id, recommended_at, as_of"


def replace_recommendations(
    connection: duckdb.DuckDBPyConnection,
    task: RecommendationTask,
    found: pa.Table,
    model_id: str,
    at: datetime,
    as_of: date,
) -> int:
    """Replace the task's rows and return how many users have some. Call inside a transaction.

    Reads ``recommending_past``, ``_users`` and ``_items`` as the serving history left them.
    """
    at = max(at, later_than(connection, "recommendations", "recommended_at"))
    connection.execute("delete from ml.recommendations where task = ?", [task.name])
    stamp = [task.name, model_id, at, as_of]
    for first in range(0, len(found), _PART_ROWS):
        _write_part(connection, task, found.slice(first, _PART_ROWS), stamp)
    _without_history(connection, task, stamp)
    record_day(connection, task.name, model_id)
    ((users,),) = connection.execute(
        "select count(distinct user_id) from ml.recommendations where task = ?", [task.name]
    ).fetchall()
    return int(users)


def _write_part(
    connection: duckdb.DuckDBPyConnection, task: RecommendationTask, part: pa.Table, stamp: list[object]
) -> None:
    now, past = task.verbs
    connection.register("new_recommendations", part)
    try:
        connection.execute(
            f"insert into ml.recommendations ({_COLUMNS})"
            f" with names as ({_names(connection, task)})"
            " select u.user_id, $1, r.rank, i.item, r.score,"
            " case when r.times >= 2 then 'you ' || $5 || ' this often'"
            " when r.times > 0 then 'you ' || $6 || ' this before'"
            " when r.because_no is not null then 'because you ' || $6 || ' ' || coalesce(n.name, b.item)"
            " else 'popular with everyone' end, r.times > 0, $2, $3, $4"
            " from new_recommendations as r"
            " join recommending_users as u using (user_no)"
            " join recommending_items as i on i.item_no = r.item_no"
            " left join recommending_items as b on b.item_no = r.because_no"
            " left join names as n on n.item = b.item"
            " order by r.user_no, r.rank",
            [*stamp, now, past],
        )
    finally:
        connection.unregister("new_recommendations")


def _names(connection: duckdb.DuckDBPyConnection, task: RecommendationTask) -> str:
    """Return SQL for ``(item, name)``: what reasons call an item."""
    if task.items is None or task.item_name is None:
        return "select null::varchar as item, null::varchar as name where false"
    item = task.item if task.item in columns_of(connection, task.items) else "item_id"
    name = quote_identifier(task.item_name)
    return (
        f"select {quote_identifier(item)}::varchar as item, min({name}::varchar) as name"
        f" from {quote_relation(*task.items)} group by 1"
    )


def _without_history(
    connection: duckdb.DuckDBPyConnection, task: RecommendationTask, stamp: list[object]
) -> None:
    """Give everyone else what is popular in their segment, or with everyone where it is too small."""
    everyone = "select distinct user_id, null::varchar as segment from recommending_events"
    if task.users is not None:
        segment = f"min({quote_identifier(task.segment)}::varchar)" if task.segment else "null::varchar"
        user = quote_identifier(task.user)
        everyone = (
            "select user_id, max(segment) as segment from"
            f" (select {user}::varchar as user_id, {segment} as segment"
            f" from {quote_relation(*task.users)} where {user} is not null group by 1"
            f" union all {everyone}) group by user_id"
        )
    connection.execute(
        f"insert into ml.recommendations ({_COLUMNS})"
        f" with everyone as ({everyone}),"
        " placed as (select u.user_no, e.segment from recommending_users as u"
        " join everyone as e using (user_id)),"
        " had as (select user_no, item_no, segment from recommending_past join placed using (user_no)),"
        " sized as (select segment, count(*) as users from placed where segment is not null"
        f" group by segment having count(*) >= {MIN_SEGMENT}),"
        " counted as (select segment, item_no, count(*) / any_value(users) as share from had join sized"
        " using (segment) group by segment, item_no"
        " union all select null, item_no, count(*) / (select count(*) from recommending_users)"
        " from recommending_past group by item_no),"
        " top as (select *, row_number() over (partition by segment order by share desc, item_no) as rank"
        " from counted qualify rank <= $5),"
        " left_out as (select e.user_id, s.segment from everyone as e"
        " left join sized as s using (segment) anti join recommending_users as u on u.user_id = e.user_id)"
        " select l.user_id, $1, t.rank, i.item, t.share,"
        " 'popular with ' || coalesce(l.segment, 'everyone'), false, $2, $3, $4"
        " from left_out as l join top as t on t.segment is not distinct from l.segment"
        " join recommending_items as i using (item_no) order by l.user_id, t.rank",
        [*stamp, task.k],
    )

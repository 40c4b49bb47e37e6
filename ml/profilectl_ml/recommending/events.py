"""What users did, as one temporary table; everything else is counted from it."""

from __future__ import annotations

import duckdb

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.sql import quote_identifier, quote_relation

EVENTS = "recommending_events"
MIN_USERS = 20
_TEMPORARY = (EVENTS, "recommending_past", "recommending_users", "recommending_items")


def read_events(connection: duckdb.DuckDBPyConnection, task: RecommendationTask) -> str:
    """Make the temporary table ``EVENTS(user_id, item, moment, strength)``; returns its fingerprint.

    One row per user, item and moment. ``moment`` is the same for all where the task has no time.

    Raises
    ------
    ProfilectlError
        If a mart or column is missing, or there are fewer than ``MIN_USERS`` users.
    """
    item, joined = _item(connection, task)
    wanted = [task.user, *(column for column, _ in task.filter)]
    wanted += [name for name in (task.at, task.value) if name is not None]
    _check(connection, task, task.events, wanted)
    at = f"e.{quote_identifier(task.at)}" if task.at else "timestamp '2000-01-01'"
    # Decimals and counts add up to the same sum in any order, doubles do not.
    strength = f"sum(e.{quote_identifier(task.value)}::decimal(18, 4))" if task.value else "count(*)"
    user = f"e.{quote_identifier(task.user)}"
    conditions = [f"{user} is not null", f"{item} is not null", f"{at} is not null"]
    values: list[object] = []
    for column, allowed in task.filter:
        conditions.append(f"e.{quote_identifier(column)}::varchar in (select unnest(?::varchar[]))")
        values.append(list(allowed))
    connection.execute(
        f"create or replace temp table {EVENTS} as"
        f" select {user}::varchar as user_id, {item}::varchar as item, {at}::timestamp as moment,"
        f" {strength}::double as strength"
        f" from {quote_relation(*task.events)} as e {joined}"
        f" where {' and '.join(conditions)} group by 1, 2, 3 having {strength} > 0",
        values,
    )
    ((users, fingerprint),) = connection.execute(
        "select count(distinct user_id), md5(concat_ws('|', count(*),"
        " sum(md5_number_lower(concat_ws('|', user_id, item, moment, strength))::hugeint)))"
        f" from {EVENTS}"
    ).fetchall()
    if users < MIN_USERS:
        raise ProfilectlError(
            f"task {task.name}: {users} users with events, at least {MIN_USERS} are needed",
            hint="land more data, or check the task's filter",
        )
    return str(fingerprint)


def drop_temporary(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what reading and counting left behind."""
    for name in _TEMPORARY:
        connection.execute(f"drop table if exists temp.{name}")


def columns_of(connection: duckdb.DuckDBPyConnection, relation: tuple[str, str]) -> set[str]:
    """Return the columns of a table.

    Raises
    ------
    ProfilectlError
        If there is no such table.
    """
    found = connection.execute(
        "select column_name from information_schema.columns"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        list(relation),
    ).fetchall()
    if not found:
        raise ProfilectlError(
            f"there is no table {'.'.join(relation)} in this warehouse",
            hint="build the marts first: profilectl build",
        )
    return {str(name) for (name,) in found}


def _check(
    connection: duckdb.DuckDBPyConnection,
    task: RecommendationTask,
    relation: tuple[str, str],
    wanted: list[str],
) -> None:
    there = columns_of(connection, relation)
    for name in wanted:
        if name not in there:
            raise ProfilectlError(
                f"{'.'.join(relation)} has no column {name!r}, which task {task.name} needs",
                hint=f"see {task.path}" if task.path else None,
            )


def _item(connection: duckdb.DuckDBPyConnection, task: RecommendationTask) -> tuple[str, str]:
    """Return the expression of an event's item, and the join it needs."""
    if task.items is not None and task.item_name is not None:
        _check(connection, task, task.items, ["item_id", task.item_name])
    if task.users is not None:
        _check(connection, task, task.users, [task.user, *([task.segment] if task.segment else [])])
    if task.items is None or task.item in columns_of(connection, task.events):
        _check(connection, task, task.events, [task.item])
        return f"e.{quote_identifier(task.item)}", ""
    _check(connection, task, task.items, ["item_id", task.item])
    _check(connection, task, task.events, ["item_id"])
    return f"i.{quote_identifier(task.item)}", f"join {quote_relation(*task.items)} as i using (item_id)"

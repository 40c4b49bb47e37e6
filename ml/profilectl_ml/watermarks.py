"""How far what models gave users has followed the features: the rest is what there is to do.

A features mart that dbt keeps up to date (materialisation ``tracked``) says in ``changed_in`` which run wrote
a row. ``ml.scored`` keeps, per task and thing made of the features, the last such run that it has taken in.
Of features that say nothing (a view, a table of one's own) it keeps a fingerprint of what the model reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from profilectl_ml.sql import quote_identifier, quote_relation

SCORES, REASONS, SEGMENTS, RECOMMENDATIONS = "scores", "reasons", "segments", "recommendations"
#: Above this many users, working out everyone in a stream takes no more time and less memory.
MOST_TOUCHED = 100_000
TOUCHED = ("temp", "main", "touched_features")


@dataclass(frozen=True)
class Mark:
    """Where a task's scores (or reasons, or segments) stand.

    Attributes
    ----------
    through
        The last run they have taken in; None where that is not known.
    newest
        The newest run in the features; None where the features do not keep track.
    is_alike
        Whether features that do not keep track are as they were then.
    """

    through: int | None
    newest: int | None
    is_alike: bool = False

    @property
    def is_current(self) -> bool:
        """Whether nothing has changed since."""
        if self.newest is None:
            return self.is_alike
        return self.through is not None and self.newest <= self.through


def mark(
    connection: duckdb.DuckDBPyConnection, task: str, what: str, model_id: str, features: tuple[str, ...]
) -> Mark:
    """Return where the task's ``what`` stands for the model that serves."""
    found = connection.execute(
        "select through, fingerprint from ml.scored where task = ? and what = ? and model_id = ?",
        [task, what, model_id],
    ).fetchall()
    through, seen = found[0] if found else (None, None)
    latest = newest(connection, features)
    # Looked at only where there is nothing cheaper: it reads every row.
    alike = latest is None and seen is not None and seen == fingerprint(connection, model_id, features)
    return Mark(through, latest, alike)


def record(
    connection: duckdb.DuckDBPyConnection, task: str, what: str, model_id: str, features: tuple[str, ...]
) -> None:
    """Note that the task's ``what`` now has taken in all features. Call inside the transaction that did."""
    connection.execute("delete from ml.scored where task = ? and what = ?", [task, what])
    through = newest(connection, features)
    seen = fingerprint(connection, model_id, features) if through is None else None
    if through is not None or seen is not None:
        connection.execute(
            "insert into ml.scored values (?, ?, ?, ?, ?)", [task, what, model_id, through, seen]
        )


def newest(connection: duckdb.DuckDBPyConnection, features: tuple[str, ...]) -> int | None:
    """Return the newest run that wrote features or took some away, or None without track of that."""
    # A user who went leaves no row to be stamped; but dbt remembers in which run it wrote the table.
    tracked, kept = connection.execute(
        "select count(*) filter (table_schema = ? and table_name = ? and column_name = 'changed_in'),"
        " count(*) filter (table_schema = 'ops' and table_name = 'model_state' and column_name = 'wrote')"
        " from information_schema.columns where table_catalog = current_database()",
        list(features[-2:]),
    ).fetchall()[0]
    if len(features) != 2 or not tracked:
        return None
    wrote = "(select max(wrote) from ops.model_state where model = $table)" if kept else "null"
    found = connection.execute(
        f"select greatest(max(changed_in), {wrote}) from {quote_relation(*features)}",
        {"table": features[-1]} if kept else {},
    ).fetchall()[0][0]
    return None if found is None else int(found)


def fingerprint(
    connection: duckdb.DuckDBPyConnection, model_id: str, features: tuple[str, ...]
) -> str | None:
    """Return what a model reads of the features as one text, whatever the order of the rows.

    None if there is no such relation in the warehouse. Without a column that is gone it is another text.
    """
    if len(features) != 2:
        return None
    layout, details = connection.execute(
        "select features, details from ml.models where model_id = ?", [model_id]
    ).fetchall()[0]
    task = json.loads(details)["task"]
    # A clustering takes the day along where there is one, and does not say so.
    roles = (task["entity"], task.get("population"), task.get("value"), task.get("as_of", "as_of"))
    found = connection.execute(
        "select column_name from information_schema.columns where table_catalog = current_database()"
        " and table_schema = ? and table_name = ? and list_contains(?, column_name) order by column_name",
        [*features, [*json.loads(layout)["names"], *filter(None, roles)]],
    ).fetchall()
    if not found:
        return None
    columns = ", ".join(quote_identifier(name) for (name,) in found)
    # The dbt macro `rescored` makes the same text.
    ((text,),) = connection.execute(
        f"select count(*) || ' ' || coalesce(sum(hash({columns})), 0) from {quote_relation(*features)}"
    ).fetchall()
    return str(text)


def record_day(connection: duckdb.DuckDBPyConnection, task: str, model_id: str) -> None:
    """Note on which last complete day recommendations were made. Call inside the transaction that did."""
    connection.execute("delete from ml.scored where task = ? and what = ?", [task, RECOMMENDATIONS])
    today = last_day(connection)
    if today is not None:
        connection.execute(
            "insert into ml.scored (task, what, model_id, through) values (?, ?, ?, ?)",
            [task, RECOMMENDATIONS, model_id, today.toordinal()],
        )


def made_on(connection: duckdb.DuckDBPyConnection, task: str, model_id: str) -> date | None:
    """Return the last complete day on which a model's recommendations were made; None if not known."""
    found = connection.execute(
        "select through from ml.scored where task = ? and what = ? and model_id = ?",
        [task, RECOMMENDATIONS, model_id],
    ).fetchall()
    return date.fromordinal(found[0][0]) if found else None


def last_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """Return the day that the features stand for; None before anything was built."""
    known = connection.execute(
        "select count(*) from information_schema.columns where table_catalog = current_database()"
        " and table_schema = 'marts' and table_name = 'user_features' and column_name = 'as_of'"
    ).fetchall()[0][0]
    if not known:
        return None
    found: date | None = connection.execute("select max(as_of) from marts.user_features").fetchall()[0][0]
    return found


def utc_now() -> datetime:
    """Return the present moment in UTC, as tables keep it."""
    return datetime.now(UTC).replace(tzinfo=None)


def later_than(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> datetime:
    """Return the present moment (UTC), later than every one in ``column``, even if the clock was set back.

    What changed since a moment is found by this column, so no row may be written with an earlier one.
    """
    name = quote_identifier(column)
    found = connection.execute(f"select max({name}) from {quote_relation('ml', table)}").fetchall()[0][0]
    now = utc_now()
    return now if found is None else max(now, found + timedelta(microseconds=1))


@contextmanager
def touched(connection: duckdb.DuckDBPyConnection, features: tuple[str, ...], through: int) -> Iterator[int]:
    """Keep the features that changed after ``through`` in ``TOUCHED`` meanwhile, and yield their number.

    More than ``MOST_TOUCHED`` are counted and not kept.
    """
    relation = quote_relation(*features)
    where = f"from {relation} where changed_in > ?"
    count = int(connection.execute(f"select count(*) {where}", [through]).fetchall()[0][0])
    kept = f"select * {where}" if count <= MOST_TOUCHED else f"select * from {relation} limit 0"
    values = [through] if count <= MOST_TOUCHED else []
    connection.execute(f"create or replace temp table touched_features as {kept}", values)
    try:
        yield count
    finally:
        connection.execute(f"drop table if exists {quote_relation(*TOUCHED)}")

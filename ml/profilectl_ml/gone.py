"""Who has features, and taking away what a table of ``ml`` says of users who have none any more."""

from __future__ import annotations

import duckdb

from profilectl_ml.sql import quote_identifier, quote_relation


def users_of(features: tuple[str, ...], entity: str) -> str:
    """Return the query of ``user_id`` of everyone in ``features``, which calls it ``entity``."""
    return f"select {quote_identifier(entity)}::varchar as user_id from {quote_relation(*features)}"


def delete_gone(
    connection: duckdb.DuckDBPyConnection, table: str, task: str, everyone: str, coming: str
) -> None:
    """Delete a task's rows of ``ml.<table>`` about users outside ``everyone``.

    Whether there are any is told by number and sum of hashes, which takes a fraction of looking for their
    names; so the table must have one row per user, and lack nobody but those of ``coming``.

    Parameters
    ----------
    everyone
        A query of ``user_id`` of all users.
    coming
        The table of the ``user_id`` of those whose rows were deleted before, to be written anew.
    """
    relation = quote_relation("ml", table)
    count = "select count(*) as users, coalesce(sum(hash(user_id)), 0) as hashed from"
    ((went,),) = connection.execute(
        "select stay.users + coming.users <> everyone.users or stay.hashed + coming.hashed <> everyone.hashed"
        f" from ({count} {relation} where task = ?) as stay, ({count} {coming}) as coming,"
        f" ({count} ({everyone})) as everyone",
        [task],
    ).fetchall()
    if went:
        connection.execute(f"delete from {relation} where task = ? and user_id not in ({everyone})", [task])

"""Writing one table of a published file: whole, or by what changed since the version it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from profilectl.publication.contents import ENDED, OPEN, Content
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_identifier, quote_relation

TARGET = "published_copy"
#: A table of which more than this share was replaced is written whole again: what is replaced leaves holes.
_MOST_REPLACED = 0.5


@dataclass(frozen=True)
class Written:
    """How a table stands in a published file; the next publication starts from it.

    Attributes
    ----------
    rows
        Rows in it.
    through
        The largest stamp in it, as text; None where there is none.
    epoch
        What the table is: another one means that it was built anew from its beginning.
    replaced
        Rows written since it was last written whole.
    """

    rows: int
    through: str | None
    epoch: str
    replaced: int = 0


def write(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    content: Content,
    epoch: str,
    before: Written | None,
    gone: Sequence[str] = (),
) -> Written:
    """Bring one table of the copy to what the warehouse has.

    Parameters
    ----------
    before
        How the copy has it already; None if it has not.
    gone
        Ids of users that may still be in the copy and are none any more.

    Raises
    ------
    ProfilectlError
        If the table cannot be read or written.
    """
    try:
        standing = through, rows = _standing(connection, source, content)
        if through is None or before is None or not follows(before, content, epoch):
            return _whole(connection, source, content, epoch, through)
        if _is_later(before.through, through):  # the warehouse was restored from before that publication
            return _whole(connection, source, content, epoch, through)
        if before.through == through and before.rows == rows:
            return before
        written = _delta(connection, source, content, epoch, before, standing)
        if written.replaced > _MOST_REPLACED * max(rows, 1):
            return _whole(connection, source, content, epoch, through)
        if written.rows > rows and gone and content.key[-1] == "user_id":
            written = _without_users(connection, content, written, gone)
        if written.rows > rows:
            written = _without_gone(connection, source, content, written)
        if written.rows != rows:
            return _whole(connection, source, content, epoch, through)
        return written
    except duckdb.Error as error:
        raise ProfilectlError(
            f"{content.schema}.{content.name} cannot be copied: {str(error).splitlines()[0]}",
            hint="if a view is out of date: profilectl build; if the disk is full: free some space",
        ) from error


def follows(before: Written, content: Content, epoch: str) -> bool:
    """Return whether a table can be brought up to date by what changed in it since ``before``."""
    return content.stamp is not None and before.through is not None and before.epoch == epoch


def _is_later(one: str | None, other: str) -> bool:
    """Compare two stamps as text: numbers, or moments that all have as many digits before the fraction."""
    return one is not None and (len(one.partition(".")[0]), one) > (len(other.partition(".")[0]), other)


def _standing(connection: duckdb.DuckDBPyConnection, source: str, content: Content) -> tuple[str | None, int]:
    stamp = "null" if content.stamp is None else f"max({content.stamp})"
    found = connection.execute(
        f"select cast({stamp} as varchar), count(*) from {_original(source, content)}"
    ).fetchall()
    return found[0][0], int(found[0][1])


def _whole(
    connection: duckdb.DuckDBPyConnection, source: str, content: Content, epoch: str, through: str | None
) -> Written:
    copy = _copy(content)
    connection.execute(f"create or replace table {copy} as {_select(source, content)}")
    return Written(_count(connection, copy), through, epoch)


def _delta(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    content: Content,
    epoch: str,
    before: Written,
    standing: tuple[str | None, int],
) -> Written:
    """Replace the rows of every key that has a row with a larger stamp than before.

    Whatever writes a row of a key writes all of them, with a stamp of its own; of intervals, the open one.
    """
    copy, original, given = _copy(content), _original(source, content), {"through": before.through}
    through, rows = standing
    if content.is_interval:
        _end(connection, copy, original, content, given)
    new = _count(connection, f"{original} where {content.newer}", given)
    if before.rows + new != rows:  # else all that is new was added, and replaces nothing
        keys = ", ".join(quote_identifier(name) for name in content.key)
        newer = f"select {keys} from {original} where {content.newer}"
        connection.execute(f"create or replace temp table changed_keys as {newer}", given)
        # the last column, which tells most, also alone: so the engine passes over most rows as it reads
        last = quote_identifier(content.key[-1])
        connection.execute(
            f"delete from {copy} where {content.replaceable} and {last} in (select {last} from changed_keys)"
            + (f" and ({keys}) in (from changed_keys select ({keys}))" if len(content.key) > 1 else "")
        )
        connection.execute("drop table changed_keys")
    added = f"{_select(source, content)} where {content.newer}"
    connection.execute(f"insert into {copy} by name {added}", given)
    return Written(_count(connection, copy), through, epoch, before.replaced + new)


def _end(
    connection: duckdb.DuckDBPyConnection,
    copy: str,
    original: str,
    content: Content,
    given: Mapping[str, str | None],
) -> None:
    """Give intervals that have ended since their end: one number, where a row has two hundred values."""
    row = [quote_identifier(name) for name in content.row]
    ended = f"select {', '.join(row)}, to_build from {original} where {ENDED}"
    same = " and ".join(f"copy.{name} = ended.{name}" for name in row)
    connection.execute(
        f"update {copy} as copy set to_build = ended.to_build from ({ended}) as ended"
        f" where copy.{OPEN} and {same}",
        given,
    )


def _without_users(
    connection: duckdb.DuckDBPyConnection, content: Content, written: Written, gone: Sequence[str]
) -> Written:
    """Take out users who went: known by name, they cost no comparison of whole tables."""
    copy = _copy(content)
    went = f"{content.replaceable} and user_id in (select unnest(?))"
    connection.execute(f"delete from {copy} where {went}", [list(gone)])
    return replace(written, rows=_count(connection, copy))


def _without_gone(
    connection: duckdb.DuckDBPyConnection, source: str, content: Content, written: Written
) -> Written:
    """Take out what the warehouse does not have any more: nothing there is stamped to say so."""
    copy = _copy(content)
    keys = ", ".join(quote_identifier(name) for name in content.row)
    connection.execute(
        f"delete from {copy} where ({keys}) not in (select ({keys}) from {_original(source, content)})"
    )
    return replace(written, rows=_count(connection, copy))


def _select(source: str, content: Content) -> str:
    left_out = ", ".join(quote_identifier(name) for name in sorted(content.left_out))
    columns = f"* exclude ({left_out})" if left_out else "*"
    return f"select {columns} from {_original(source, content)}"


def _original(source: str, content: Content) -> str:
    return quote_relation(source, content.schema, content.name)


def _copy(content: Content) -> str:
    return quote_relation(TARGET, content.target, content.name)


def _count(
    connection: duckdb.DuckDBPyConnection, rows: str, given: Mapping[str, str | None] | None = None
) -> int:
    found = connection.execute(f"select count(*) from {rows}", given).fetchall()
    return int(found[0][0])

"""What the readers of the three formats hand over to be published: a temporary table and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from profilectl.landing.bad_record import BadRecord
from profilectl.landing.contract import Entity, match_columns
from profilectl.landing.prepare import PlainFile
from profilectl_ml.sql import quote_identifier, quote_literal

#: Temporary tables, one of each at a time: rows as read; their files; bad records.
ROWS = "temp.landing_rows"
FILES = "temp.landing_files_read"
ERRORS = "temp.landing_errors"

_ERRORS_AT_A_TIME = 10_000


@dataclass
class StagedFile:
    """One file of a staged group.

    Attributes
    ----------
    plain
        The file.
    index
        Its number in column ``file_index`` of the staged rows.
    first_rowid
        ``rowid`` of its first staged row.
    rows_loaded, rows_rejected
        Its records, by what became of them.
    missing
        Declared columns it does not have.
    refusal
        Reason and detail if the whole file is refused.
    note
        What the ledger should say of a file that was taken all the same.
    """

    plain: PlainFile
    index: int
    first_rowid: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    missing: tuple[str, ...] = ()
    refusal: tuple[str, str] | None = None
    note: str | None = None


@dataclass
class Staged:
    """A group of files of one entity, read into the temporary tables.

    Attributes
    ----------
    entity
        Whose rows they are.
    files
        The files, in the order of their rows.
    relation
        A query over the staged rows with ``file_index``, ``ordinal`` (a ``rowid``) and whatever
        ``columns`` and ``extra`` refer to.
    columns
        Raw column to the expression that fills it; columns not named stay null.
    extra
        Expression for ``_extra``.
    row
        Expression for ``_row``, over the staged rows ``s`` and their files ``f``.
    """

    entity: Entity
    files: Sequence[StagedFile]
    relation: str
    columns: Mapping[str, str]
    extra: str = "null"
    row: str = "s.ordinal - f.first_rowid + 1"


@dataclass
class ErrorSink:
    """Collects bad records of a group in a temporary table, a bounded number at a time."""

    cursor: duckdb.DuckDBPyConnection
    _pending: list[tuple[object, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cursor.execute(
            f"""
            create or replace temp table {ERRORS} (
                file varchar, "row" bigint, column_name varchar, reason varchar, detail varchar,
                raw_text varchar
            )
            """
        )

    def add(self, file: str, record: BadRecord) -> None:
        """Keep one bad record of ``file``."""
        self._pending.append((file, record.row, record.column, record.reason, record.detail, record.raw_text))
        if len(self._pending) >= _ERRORS_AT_A_TIME:
            self.flush()

    def flush(self) -> None:
        """Write what is still in memory."""
        insert_rows(self.cursor, ERRORS, self._pending)
        self._pending.clear()


def insert_rows(cursor: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows through one bound list of structs per column: far quicker than row by row."""
    if not rows:
        return
    columns = [list(values) for values in zip(*rows, strict=True)]
    marks = ", ".join("unnest(?)" for _ in columns)
    cursor.execute(f"insert into {table} select {marks}", columns)


def drop_staged(cursor: duckdb.DuckDBPyConnection) -> None:
    """Drop what was staged, so that two groups are never in memory at once."""
    for table in (ROWS, FILES, ERRORS):
        cursor.execute(f"drop table if exists {table}")


def path_list(paths: Iterable[Path]) -> str:
    """Return paths as an SQL list, glob characters escaped: table functions expand them."""
    return "[" + ", ".join(quote_literal(_escape_glob(path)) for path in paths) + "]"


def file_list(files: Sequence[StagedFile]) -> str:
    """Return the read paths of ``files`` as an SQL list."""
    return path_list(file.plain.read_path for file in files)


def _escape_glob(path: Path) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))


def column_names(count: int) -> list[str]:
    """Return quoted names for the staged columns of a file, by position."""
    return [quote_identifier(f"c{index}") for index in range(count)]


def count_staged(
    cursor: duckdb.DuckDBPyConnection, files: Sequence[StagedFile], is_good: str = "true"
) -> None:
    """Fill in where each file's rows begin and how many were staged, and check their order.

    Raises
    ------
    duckdb.InvalidInputException
        If rows of different files are mixed, so that record numbers cannot be told.
    """
    by_index = {file.index: file for file in files}
    for index, first, last, count, good in cursor.execute(
        f"""
        select file_index, min(rowid), max(rowid), count(*), count(*) filter (where {is_good})
        from {ROWS} group by file_index
        """
    ).fetchall():
        if last - first + 1 != count:
            raise duckdb.InvalidInputException("the rows of several files were read in mixed order")
        file = by_index[index]
        file.first_rowid, file.rows_loaded, file.rows_rejected = first, good, count - good


def staged_by_position(entity: Entity, names: Sequence[str], files: Sequence[StagedFile]) -> Staged:
    """Describe staged rows whose columns c0, c1, ... hold the file's columns ``names``."""
    match = match_columns(names, entity)
    staged = column_names(len(names))
    for file in files:
        file.missing = match.missing
    pairs = ", ".join(f"{quote_literal(label)}, {staged[index]}" for label, index in match.extras)
    return Staged(
        entity,
        files,
        relation=f"select *, rowid as ordinal from {ROWS}",
        columns={column: staged[index] for column, index in match.positions.items()},
        extra=f"cast(json_object({pairs}) as varchar)" if pairs else "null",
    )

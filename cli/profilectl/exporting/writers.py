"""Parquet and CSV: one file per table, copied by DuckDB in bounded memory, and counted again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import duckdb

from profilectl.exporting.tables import Table
from profilectl.exporting.types import query
from profilectl_ml.sql import quote_literal

Connection = duckdb.DuckDBPyConnection
# Told the rows written since it was told last, and the table they are of.
Tick = Callable[[int, str], None]
# DuckDB's own size of a row group; no more cells in one than this; and never fewer rows.
_GROUP_MOST, _GROUP_CELLS, _GROUP_LEAST = 122_880, 4_000_000, 10_240


class Writer(Protocol):
    """Writes tables into files whose names, relative to the export's folder, it knows."""

    def file(self, table: Table) -> Path:
        """Return where ``table`` goes."""

    def write(self, connection: Connection, tables: Sequence[Table], folder: Path, tick: Tick) -> None:
        """Write the tables under ``folder``."""

    def counts(self, connection: Connection, tables: Sequence[Table], folder: Path) -> list[int]:
        """Return the rows of each table, read from what was written."""


class ParquetWriter:
    """Compressed with Snappy, which every reader knows."""

    def file(self, table: Table) -> Path:
        """Return ``schema/table.parquet``."""
        return Path(table.schema) / f"{table.name}.parquet"

    def write(self, connection: Connection, tables: Sequence[Table], folder: Path, tick: Tick) -> None:
        """Copy each table, row group by row group, in whatever order the threads come."""
        # Keeping the order means keeping what was read too early: a wide table then needs twice the memory.
        connection.execute("set preserve_insertion_order = false")
        for table in tables:
            # Each thread holds a row group until it is full: of a wide table, fewer rows.
            group = max(_GROUP_LEAST, min(_GROUP_MOST, _GROUP_CELLS // len(table.columns)))
            how = f"format parquet, compression snappy, row_group_size {group}"
            _copy(connection, query(table), folder / self.file(table), how)
            tick(table.rows, table.full_name)

    def counts(self, connection: Connection, tables: Sequence[Table], folder: Path) -> list[int]:
        """Return the rows that the files say they hold."""
        return [
            _one(connection, "select count(*) from read_parquet(?)", [str(folder / self.file(table))])
            for table in tables
        ]


class CsvWriter:
    """UTF-8, a header, commas, ISO dates; null is nothing, empty text is ``""``."""

    def __init__(self, *, compressed: bool = False, raw: bool = False) -> None:
        self.raw = raw
        self._ending, self._compression = (".csv.gz", "gzip") if compressed else (".csv", "none")

    def file(self, table: Table) -> Path:
        """Return ``schema/table.csv``, or with ``.gz`` behind it."""
        return Path(table.schema) / f"{table.name}{self._ending}"

    def write(self, connection: Connection, tables: Sequence[Table], folder: Path, tick: Tick) -> None:
        """Copy each table as text."""
        for table in tables:
            how = f"format csv, header, compression {self._compression}"
            _copy(connection, query(table, escape=not self.raw), folder / self.file(table), how)
            tick(table.rows, table.full_name)

    def counts(self, connection: Connection, tables: Sequence[Table], folder: Path) -> list[int]:
        """Parse each file whole and strictly, and return its rows."""
        return [self._count(connection, table, folder / self.file(table)) for table in tables]

    def _count(self, connection: Connection, table: Table, file: Path) -> int:
        # Nothing is guessed from the content: a reader that guesses can lose a row and not notice.
        names = ", ".join(f"{quote_literal(name)}: 'VARCHAR'" for name in table.columns)
        return _one(
            connection,
            "select count(*) from read_csv(?, auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"escape = '\"', strict_mode = true, compression = '{self._compression}', columns = {{{names}}}, "
            # A row may be as long as a very long text; the buffers of all threads grow with it.
            "max_line_size = 10000000, buffer_size = 20000000)",
            [str(file)],
        )


def _copy(connection: Connection, sql: str, file: Path, how: str) -> None:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    connection.execute(f"copy ({sql}) to {quote_literal(str(file))} ({how})")


def _one(connection: Connection, sql: str, values: list[object]) -> int:
    row = connection.execute(sql, values).fetchone()
    return int(row[0]) if row else 0

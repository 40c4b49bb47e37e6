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
        """Copy each table, row group by row group."""
        for table in tables:
            _copy(connection, query(table), folder / self.file(table), "format parquet, compression snappy")
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
            "max_line_size = 100000000)",
            [str(file)],
        )


def _copy(connection: Connection, sql: str, file: Path, how: str) -> None:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    connection.execute(f"copy ({sql}) to {quote_literal(str(file))} ({how})")


def _one(connection: Connection, sql: str, values: list[object]) -> int:
    row = connection.execute(sql, values).fetchone()
    return int(row[0]) if row else 0

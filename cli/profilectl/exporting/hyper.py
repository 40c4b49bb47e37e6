"""Tableau extracts: one .hyper file for all tables, streamed to Tableau's own library in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from profilectl.exporting.tables import Table
from profilectl.exporting.types import query
from profilectl.exporting.writers import Tick
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_literal, quote_relation

NAME = "profiles.hyper"
# Rows in memory at once: a batch of 180 columns is some 30 MB.
BATCH = 20_000


class HyperWriter:
    """Writes all tables in one call, because each call starts Tableau's engine anew."""

    def __init__(self) -> None:
        try:
            import pantab
        except ImportError as error:
            raise ProfilectlError(
                "a .hyper file needs the package pantab, which is not installed",
                hint="pip install 'profilectl[tableau]'",
            ) from error
        self._pantab: Any = pantab

    def file(self, table: Table) -> Path:
        """Return the one file there is."""
        return Path(NAME)

    def write(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], folder: Path, tick: Tick
    ) -> None:
        """Stream the tables into the file, each under its schema and name."""
        streams = {(table.schema, table.name): _stream(connection, table, tick) for table in tables}
        try:
            # Not atomic by itself, which would copy the file once more: it is written aside.
            self._pantab.frames_to_hyper(streams, folder / NAME, atomic=False)
        except (RuntimeError, ValueError) as error:
            # Hyper's own errors come as RuntimeError; their further lines say nothing to people.
            raise ProfilectlError(
                f"Tableau's library does not take the tables: {str(error).splitlines()[0]}",
                hint="find the table with --tables, or export as parquet",
            ) from error

    def counts(
        self, connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], folder: Path
    ) -> list[int]:
        """Ask the file for the rows of each table."""
        questions = [
            f"select {quote_literal(table.full_name)} as name, count(*) as n "
            f"from {quote_relation(table.schema, table.name)}"
            for table in tables
        ]
        answer = self._pantab.frame_from_hyper_query(
            folder / NAME, " union all ".join(questions), return_type="pyarrow"
        )
        found = {row["name"]: int(row["n"]) for row in answer.to_pylist()}
        return [found[table.full_name] for table in tables]


def _stream(connection: duckdb.DuckDBPyConnection, table: Table, tick: Tick) -> pa.RecordBatchReader:
    # A cursor of its own: all streams are open before the first is read.
    # Decimals go as doubles: pantab 5.3 refuses negative ones nearer to nought than a tenth (-0.01), and
    # files that every Tableau opens have room for 18 digits only.
    reader = connection.cursor().execute(query(table, decimals=False)).to_arrow_reader(BATCH)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            yield batch
            tick(batch.num_rows, table.full_name)

    return pa.RecordBatchReader.from_batches(reader.schema, batches())

"""Stage Parquet files, every value as text."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from profilectl.landing.contract import Entity
from profilectl.landing.staged import (
    ROWS,
    Staged,
    StagedFile,
    column_names,
    count_staged,
    file_list,
    staged_by_position,
)
from profilectl_ml.sql import quote_identifier

ParquetSchema = tuple[tuple[str, str], ...]


def read_schema(cursor: duckdb.DuckDBPyConnection, file: StagedFile) -> ParquetSchema:
    """Return the (name, type) of every column, from the footer alone.

    Raises
    ------
    duckdb.Error
        If the footer cannot be read.
    """
    described = cursor.execute(
        f"describe select * from read_parquet({file_list([file])}, hive_partitioning = false)"
    ).fetchall()
    return tuple((row[0], row[1]) for row in described)


def stage_parquet(
    cursor: duckdb.DuckDBPyConnection, entity: Entity, schema: ParquetSchema, files: Sequence[StagedFile]
) -> Staged:
    """Read Parquet files of one schema.

    Instants with a zone become UTC text that ends in Z; lists and structs become JSON.

    Raises
    ------
    duckdb.Error
        If any part of any file cannot be read.
    """
    names = column_names(len(schema))
    texts = [
        f"{_as_text(quote_identifier(name), kind)} as {alias}"
        for (name, kind), alias in zip(schema, names, strict=True)
    ]
    index = "file_index"
    if any(name.lower() == index for name, _ in schema):
        # A column of that name hides the engine's own, which tells files apart.
        if len(files) > 1:
            raise duckdb.InvalidInputException(f"files with a column {index} are read one by one")
        index = f"{files[0].index} as {index}"
    cursor.execute(
        f"""
        create or replace temp table {ROWS} as
        select {", ".join(texts)}, {index} from read_parquet({file_list(files)}, hive_partitioning = false)
        """
    )
    count_staged(cursor, files)
    return staged_by_position(entity, [name for name, _ in schema], files)


def _as_text(column: str, kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        moment = f"({column} at time zone 'UTC')"
        # A fraction only where there is one: whole seconds are what every parser reads.
        fraction = f"rtrim(rtrim(strftime({moment}, '.%f'), '0'), '.')"
        return f"strftime({moment}, '%Y-%m-%dT%H:%M:%S') || {fraction} || 'Z'"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"cast(to_json({column}) as varchar)"
    return f"cast({column} as varchar)"

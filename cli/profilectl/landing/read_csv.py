"""Stage CSV files: sound ones straight through DuckDB, damaged ones after a careful scan."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import duckdb

from profilectl.landing.contract import Entity
from profilectl.landing.csv_dialect import CsvDialect
from profilectl.landing.csv_lines import MAX_RECORD_BYTES
from profilectl.landing.csv_scan import scan_csv
from profilectl.landing.staged import (
    ROWS,
    ErrorSink,
    Staged,
    StagedFile,
    column_names,
    count_staged,
    file_list,
    path_list,
    staged_by_position,
)
from profilectl_ml.sql import quote_literal


def stage_csv(
    cursor: duckdb.DuckDBPyConnection, entity: Entity, dialect: CsvDialect, files: Sequence[StagedFile]
) -> Staged:
    """Read sound CSV files with the same header.

    An unquoted empty value becomes null, a quoted one the empty text.

    Raises
    ------
    duckdb.Error
        If any record of any file is not sound; nothing is known then about which.
    """
    names = column_names(len(dialect.columns))
    _read_strictly(cursor, dialect, names, file_list(files), "file_index", newline=None)
    count_staged(cursor, files)
    return staged_by_position(entity, dialect.columns, files)


def stage_damaged_csv(
    cursor: duckdb.DuckDBPyConnection,
    entity: Entity,
    dialect: CsvDialect,
    file: StagedFile,
    errors: ErrorSink,
    scratch: Path,
) -> Staged:
    """Read the sound records of one CSV file, and hand the others to ``errors``.

    Raises
    ------
    duckdb.Error
        If DuckDB does not take what the scan let pass.
    """
    copy = scratch / f"{uuid.uuid4().hex}.csv"
    try:
        with file.plain.read_path.open("rb") as source, copy.open("wb") as target:
            sound, bad = scan_csv(source, target, dialect, partial(errors.add, file.plain.origin.file))
        errors.flush()
        names = ["row_number", *column_names(len(dialect.columns))]
        _read_strictly(
            cursor, dialect, names, path_list([copy]), f"{file.index} as file_index", newline="\\n"
        )
    finally:
        copy.unlink(missing_ok=True)
    count_staged(cursor, [file])
    if file.rows_loaded != sound:
        raise duckdb.InvalidInputException(f"{file.rows_loaded} records were read where {sound} are sound")
    file.rows_rejected = bad
    staged = staged_by_position(entity, dialect.columns, [file])
    staged.row = "cast(s.row_number as bigint)"
    return staged


def _read_strictly(
    cursor: duckdb.DuckDBPyConnection,
    dialect: CsvDialect,
    names: Sequence[str],
    paths: str,
    file_index: str,
    *,
    newline: str | None,
) -> None:
    columns = ", ".join(f"{name}: 'varchar'" for name in names)
    # Of a mended copy we know how lines end; for a file as it came, the header shows it.
    ends = "header = true" if newline is None else f"header = false, new_line = {quote_literal(newline)}"
    cursor.execute(
        f"""
        create or replace temp table {ROWS} as
        select {", ".join(names)}, {file_index}
        from read_csv(
            {paths}, columns = {{{columns}}}, auto_detect = false, {ends},
            delim = {quote_literal(dialect.delimiter)}, quote = '"', escape = '"', strict_mode = true,
            null_padding = false, nullstr = '', allow_quoted_nulls = false,
            max_line_size = {MAX_RECORD_BYTES + 65_536}
        )
        """
    )

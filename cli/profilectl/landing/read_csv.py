"""Stage CSV files: sound ones straight through DuckDB, damaged ones after a careful scan."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

import duckdb

from profilectl.landing.contract import Entity
from profilectl.landing.csv_dialect import CsvDialect
from profilectl.landing.csv_lines import MAX_RECORD_BYTES
from profilectl.landing.csv_scan import scan_csv
from profilectl.landing.staged import (
    GAPS,
    ROWS,
    ErrorSink,
    Staged,
    StagedFile,
    column_names,
    count_staged,
    file_list,
    insert_rows,
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
    _read_strictly(cursor, dialect, files)
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
    gaps: dict[int, int] = {}
    bad = 0
    with file.plain.read_path.open("rb") as source, copy.open("wb") as target:
        for bad, record in enumerate(scan_csv(source, target, dialect), start=1):
            errors.add(file.plain.origin.file, record)
            # The first sound record after the bad one, counted among the sound ones, from 0.
            gaps[record.row - bad] = bad
    errors.flush()
    cursor.execute(f"create or replace temp table {GAPS} (ordinal bigint, shift bigint)")
    insert_rows(cursor, GAPS, list(gaps.items()))
    try:
        _read_strictly(cursor, dialect, [file], copy)
    finally:
        copy.unlink()
    file.rows_rejected = bad
    staged = staged_by_position(entity, dialect.columns, [file])
    staged.has_gaps = bool(gaps)
    return staged


def _read_strictly(
    cursor: duckdb.DuckDBPyConnection,
    dialect: CsvDialect,
    files: Sequence[StagedFile],
    copy: Path | None = None,
) -> None:
    names = column_names(len(dialect.columns))
    columns = ", ".join(f"{name}: 'varchar'" for name in names)
    paths = file_list(files) if copy is None else f"[{quote_literal(str(copy))}]"
    cursor.execute(
        f"""
        create or replace temp table {ROWS} as
        select {", ".join(names)}, {"file_index" if copy is None else files[0].index} as file_index
        from read_csv(
            {paths}, columns = {{{columns}}}, auto_detect = false, header = true,
            delim = {quote_literal(dialect.delimiter)}, quote = '"', escape = '"', strict_mode = true,
            null_padding = false, nullstr = '', allow_quoted_nulls = false,
            max_line_size = {MAX_RECORD_BYTES + 65_536}
        )
        """
    )
    count_staged(cursor, files)

"""Move one staged group into the raw tables, with its errors and ledger rows, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from profilectl.landing.ledger import META_COLUMNS, Batch, LedgerRow, write_ledger
from profilectl.landing.staged import ERRORS, FILES, Staged, StagedFile, insert_rows
from profilectl_ml.sql import quote_identifier, quote_relation


def publish(cursor: duckdb.DuckDBPyConnection, batch: Batch, staged: Staged) -> list[LedgerRow]:
    """Write a staged group; all of it is there afterwards, or nothing.

    A file that changed while it was read is left out: the next run finds it as a new delivery.

    Returns
    -------
    list of LedgerRow
        What became of each file.
    """
    files = [file for file in staged.files if file.plain.origin.is_unchanged()]
    rows = [_ledger_row(file) for file in files]
    taken = [file for file in files if file.refusal is None]
    cursor.begin()
    try:
        if any(file.rows_loaded for file in taken):
            _insert_rows(cursor, batch, staged, taken)
        if any(file.rows_rejected for file in taken):
            _insert_errors(cursor, batch, staged, taken)
        write_ledger(cursor, batch, rows)
        cursor.commit()
    except BaseException:
        cursor.rollback()
        raise
    return rows


def publish_refusals(cursor: duckdb.DuckDBPyConnection, batch: Batch, rows: Sequence[LedgerRow]) -> None:
    """Write the ledger rows of files that were refused before anything of them was staged."""
    cursor.begin()
    try:
        write_ledger(cursor, batch, rows)
        cursor.commit()
    except BaseException:
        cursor.rollback()
        raise


def _ledger_row(file: StagedFile) -> LedgerRow:
    missing = ", ".join(file.missing) or None
    if file.refusal is not None:
        return LedgerRow(file.plain.origin, "rejected", *file.refusal, missing)
    return LedgerRow(
        file.plain.origin,
        "taken",
        detail=file.note,
        missing_columns=missing,
        rows_loaded=file.rows_loaded,
        rows_rejected=file.rows_rejected,
    )


def _insert_rows(
    cursor: duckdb.DuckDBPyConnection, batch: Batch, staged: Staged, files: Sequence[StagedFile]
) -> None:
    cursor.execute(
        f"create or replace temp table {FILES} (file_index bigint, file varchar, first_rowid bigint)"
    )
    insert_rows(cursor, FILES, [(file.index, file.plain.origin.file, file.first_rowid) for file in files])
    names = [quote_identifier(name) for name in [*staged.columns, *META_COLUMNS]]
    cursor.execute(
        f"""
        insert into {quote_relation("raw", staged.entity.table)} ({", ".join(names)})
        select
            {"".join(f"{expression}, " for expression in staged.columns.values())}
            {staged.extra}, f.file, {staged.row}, ?, ?
        from ({staged.relation}) as s
        inner join {FILES} as f on s.file_index = f.file_index
        """,
        [batch.batch_id, batch.loaded_at],
    )


def _insert_errors(
    cursor: duckdb.DuckDBPyConnection, batch: Batch, staged: Staged, files: Sequence[StagedFile]
) -> None:
    cursor.execute(
        f"""
        insert into raw.load_errors
        select ?, ?, ?, file, "row", column_name, reason, detail, raw_text, ?
        from {ERRORS} where list_contains(?, file)
        """,
        [
            *(batch.batch_id, staged.entity.source, staged.entity.name, batch.loaded_at),
            [file.plain.origin.file for file in files],
        ],
    )

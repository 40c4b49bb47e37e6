"""Stage JSON files: one object per line, or one array of objects."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from profilectl.landing.contract import Entity
from profilectl.landing.csv_lines import MAX_RECORD_BYTES
from profilectl.landing.json_array import split_array
from profilectl.landing.json_columns import staged_columns
from profilectl.landing.json_depth import SHALLOW_BYTES, is_too_deep
from profilectl.landing.json_lines import cut_long_lines, find_bad_lines
from profilectl.landing.prepare import PlainFile
from profilectl.landing.staged import ROWS, ErrorSink, Staged, StagedFile, count_staged, file_list

# Each may be as long as MAX_RECORD_BYTES.
_RECORDS_AT_A_TIME = 50


def is_array(plain: PlainFile) -> bool:
    """Whether a file is one array rather than lines of objects; only ``.json`` may be."""
    head = plain.head.strip()
    if not head.startswith(b"[") or plain.origin.extension not in ("json", "json.gz"):
        return False
    first, _, rest = head.partition(b"\n")
    if not rest.strip():
        return True
    try:
        json.loads(first)
    except ValueError:
        return True
    except RecursionError:  # too deep for Python; whether the array ends in its line can be seen all the same
        return not first.rstrip().endswith(b"]")
    return False  # a whole array with more lines after it: one bad line among others


def stage_array(cursor: duckdb.DuckDBPyConnection, entity: Entity, files: Sequence[StagedFile]) -> Staged:
    """Read files that are each one sound array of objects.

    Raises
    ------
    duckdb.Error
        If any of them is anything else.
    """
    _read(cursor, files, "array", ignore_errors=False)
    if any(file.rows_rejected for file in files):
        raise duckdb.InvalidInputException("an array holds something other than objects")
    return staged_columns(cursor, entity, files)


def stage_lines(
    cursor: duckdb.DuckDBPyConnection, entity: Entity, files: Sequence[StagedFile], errors: ErrorSink
) -> Staged:
    """Read files of one object per line, and hand lines that are none to ``errors``.

    Raises
    ------
    duckdb.Error
        If a line is longer than DuckDB can hold.
    """
    _read(cursor, files, "newline_delimited", ignore_errors=True)
    staged = staged_columns(cursor, entity, files)
    for file in files:
        if not file.rows_rejected or file.refusal:
            continue
        rows = cursor.execute(
            f"select rowid - ? + 1 as r from {ROWS} where json is null and file_index = ? order by r",
            [file.first_rowid, file.index],
        ).fetchnumpy()["r"]
        with file.plain.read_path.open("rb") as source:
            for record in find_bad_lines(source, map(int, rows)):
                errors.add(file.plain.origin.file, record)
    errors.flush()
    return staged


def stage_damaged_json(
    cursor: duckdb.DuckDBPyConnection, entity: Entity, file: StagedFile, errors: ErrorSink, scratch: Path
) -> Staged:
    """Read one file that neither `stage_array` nor `stage_lines` could take as it is.

    Raises
    ------
    duckdb.Error
        If DuckDB does not take the mended copy either.
    """
    copy = scratch / f"{uuid.uuid4().hex}.jsonl"
    closed = True
    with file.plain.read_path.open("rb") as source, copy.open("wb") as target:
        if is_array(file.plain):
            closed = split_array(source, target)
        else:
            cut_long_lines(source, target)
    mended = replace(file, plain=replace(file.plain, read_path=copy))
    if not closed:
        mended.note = "the array is not closed: the file is probably truncated"
    try:
        return stage_lines(cursor, entity, [mended], errors)
    finally:
        copy.unlink()


def _read(
    cursor: duckdb.DuckDBPyConnection, files: Sequence[StagedFile], layout: str, *, ignore_errors: bool
) -> None:
    cursor.execute(
        f"""
        create or replace temp table {ROWS} as
        select
            case when starts_with(json, '{{') and strlen(json) <= {MAX_RECORD_BYTES} then json end as json,
            file_index
        from read_json_objects(
            {file_list(files)}, format = '{layout}', ignore_errors = {str(ignore_errors).lower()}
        )
        """
    )
    _drop_too_deep(cursor)
    count_staged(cursor, files, "json is not null")


def _drop_too_deep(cursor: duckdb.DuckDBPyConnection) -> None:
    """Leave nothing of records that are nested too deeply, as of others that cannot be taken."""
    cursor.execute(f"select rowid, json from {ROWS} where strlen(json) > {SHALLOW_BYTES}")
    too_deep: list[int] = []
    while some := cursor.fetchmany(_RECORDS_AT_A_TIME):
        too_deep += [row for row, record in some if is_too_deep(record)]
    if too_deep:
        cursor.execute(f"update {ROWS} set json = null where rowid in (select unnest(?))", [too_deep])

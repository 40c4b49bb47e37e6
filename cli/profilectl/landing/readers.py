"""Choose how files are staged: together where they are alike and sound, singly where not."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from profilectl.landing import reasons
from profilectl.landing.contract import Entity, match_columns, missing_column_detail
from profilectl.landing.csv_dialect import CsvDialect, sniff_dialect
from profilectl.landing.prepare import PlainFile, RefusedFileError
from profilectl.landing.read_csv import stage_csv, stage_damaged_csv
from profilectl.landing.read_json import is_array, stage_array, stage_damaged_json, stage_lines
from profilectl.landing.read_parquet import ParquetSchema, read_schema, stage_parquet
from profilectl.landing.staged import ErrorSink, Staged, StagedFile, drop_staged

#: What files must share to be read together: header and delimiter, schema, or array-or-lines.
Signature = CsvDialect | ParquetSchema | bool

# These say that we are in trouble, not that a file is.
_OUR_OWN_TROUBLE = (
    duckdb.OutOfMemoryException,
    duckdb.InterruptException,
    duckdb.FatalException,
    duckdb.InternalException,
)
_OUR_DISKS = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE))


@dataclass(frozen=True)
class Readers:
    """Stages the files of a run through one connection and one scratch folder."""

    cursor: duckdb.DuckDBPyConnection
    scratch: Path

    def signature(self, entity: Entity, plain: PlainFile) -> Signature:
        """Return what decides with which other files this one can be read.

        Raises
        ------
        RefusedFileError
            If the beginning of the file shows that it cannot be taken.
        """
        if plain.origin.kind == "json":
            return is_array(plain)
        signature: Signature
        if plain.origin.kind == "parquet":
            try:
                signature = read_schema(self.cursor, StagedFile(plain, 0))
            except duckdb.Error as error:
                _raise_our_own(error)
                raise RefusedFileError(reasons.UNREADABLE_FILE, _first_line(error)) from error
            names: Sequence[str] = [name for name, _ in signature]
        else:
            signature = sniff_dialect(plain, entity)
            names = signature.columns
        match = match_columns(names, entity)
        detail = missing_column_detail(entity, match.missing, [name for name, _ in match.extras])
        if detail is not None:
            raise RefusedFileError(reasons.MISSING_COLUMN, detail, match.missing)
        return signature

    def stage(self, entity: Entity, signature: Signature, files: Sequence[PlainFile]) -> Iterator[Staged]:
        """Read files of one signature; each yielded group must be published before the next.

        A file that cannot be read at all comes back as a group of its own with a refusal.
        """
        try:
            yield self._stage_sound(entity, signature, files)
            return
        except duckdb.Error as error:
            _raise_our_own(error)
            drop_staged(self.cursor)
            if len(files) == 1:
                yield self._stage_damaged(entity, signature, files[0], error)
                return
        for plain in files:
            yield from self.stage(entity, signature, [plain])

    def _stage_sound(self, entity: Entity, signature: Signature, files: Sequence[PlainFile]) -> Staged:
        staged_files = [StagedFile(plain, index) for index, plain in enumerate(files)]
        if isinstance(signature, CsvDialect):
            if signature.starts_blank:
                raise duckdb.InvalidInputException("blank lines before the header")
            return stage_csv(self.cursor, entity, signature, staged_files)
        if isinstance(signature, tuple):
            return stage_parquet(self.cursor, entity, signature, staged_files)
        if signature:
            return stage_array(self.cursor, entity, staged_files)
        return stage_lines(self.cursor, entity, staged_files, ErrorSink(self.cursor))

    def _stage_damaged(
        self, entity: Entity, signature: Signature, plain: PlainFile, cause: Exception
    ) -> Staged:
        file = StagedFile(plain, 0)
        errors = ErrorSink(self.cursor)
        try:
            if isinstance(signature, CsvDialect):
                return stage_damaged_csv(self.cursor, entity, signature, file, errors, self.scratch)
            if isinstance(signature, bool):
                return stage_damaged_json(self.cursor, entity, file, errors, self.scratch)
        except (duckdb.Error, FileNotFoundError) as error:  # it may have been taken away since
            _raise_our_own(error)
            cause = error
        file.refusal = reasons.UNREADABLE_FILE, _first_line(cause)
        return Staged(entity, [file], relation="", columns={})


def _raise_our_own(error: Exception) -> None:
    """Raise what is no fault of a file: told as one, a sound file would never be read again."""
    is_ours = isinstance(error, duckdb.IOException) and any(said in str(error) for said in _OUR_DISKS)
    if is_ours or isinstance(error, _OUR_OWN_TROUBLE):
        raise error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]

"""The delimiter and the column names of a CSV file, from its first record."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from profilectl.landing import reasons
from profilectl.landing.contract import Entity, match_columns
from profilectl.landing.prepare import PlainFile, RefusedFileError

_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class CsvDialect:
    """How one CSV file is to be read.

    Attributes
    ----------
    delimiter
        One of comma, semicolon, tab, bar.
    columns
        The header as it stands in the file.
    starts_blank
        Whether blank lines stand before the header.
    """

    delimiter: str
    columns: tuple[str, ...]
    starts_blank: bool


def sniff_dialect(plain: PlainFile, entity: Entity) -> CsvDialect:
    """Read the header with each delimiter and keep the one that finds most declared columns.

    Raises
    ------
    RefusedFileError
        If no header ends within the first part of the file.
    """
    text = plain.head.decode("utf-8", errors="backslashreplace")
    header = text.lstrip("\r\n")
    found = {delimiter: _first_record(header, delimiter) for delimiter in _DELIMITERS}
    best = max(
        _DELIMITERS,
        key=lambda delimiter: (len(match_columns(found[delimiter], entity).positions), len(found[delimiter])),
    )
    columns = found[best]
    if len(columns) > 1 and not columns[-1]:
        columns = columns[:-1]  # a delimiter at the end of the line is no column
    return CsvDialect(best, tuple(columns), starts_blank=header is not text and header != text)


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (csv.Error, StopIteration) as error:
        raise RefusedFileError(reasons.UNREADABLE_FILE, f"no CSV header: {error}") from error

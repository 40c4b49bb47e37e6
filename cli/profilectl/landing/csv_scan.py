"""Read a damaged CSV file record by record: copy what is sound, report what is not.

DuckDB reads sound files several times faster, so this runs only on files it refused. Records
are split as DuckDB's strict mode does: a quote opens a value only at its start (one blank may
stand before it), is doubled inside, and blank lines count as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO

from profilectl.landing import reasons
from profilectl.landing.bad_record import BadRecord
from profilectl.landing.csv_dialect import CsvDialect
from profilectl.landing.csv_lines import MAX_RECORD_BYTES, Lines

# A quoted value with more lines than this is a quote that nobody closed.
_MAX_QUOTED_LINES = 1_000


def scan_csv(
    source: IO[bytes], target: IO[bytes], dialect: CsvDialect, on_bad: Callable[[BadRecord], None]
) -> tuple[int, int]:
    """Copy every sound record of ``source`` to ``target``; hand the others to ``on_bad``.

    Parameters
    ----------
    source
        Content at its start, possibly with a byte order mark.
    target
        Receives the records without a header, each with its 1-based number among all records
        of ``source`` put in front as a column of its own, and a single newline at its end.
    dialect
        Delimiter and columns of the file.
    on_bad
        Called for each bad record, in file order.

    Returns
    -------
    tuple of int
        How many records are sound, and how many bad.
    """
    scanner = _Scanner(Lines(source), dialect)
    scanner.skip_header()
    delimiter = dialect.delimiter.encode()
    row = bad = 0
    while (item := scanner.next_record()) is not None:
        row += 1
        if isinstance(item, bytes):
            target.write(b"%d%b%b\n" % (row, delimiter, item))
        else:
            bad += 1
            column, reason, detail, raw = item
            on_bad(BadRecord(row, column, reason, detail, raw))
    return row - bad, bad


_Bad = tuple[str | None, str, str, bytes]


class _Scanner:
    def __init__(self, lines: Lines, dialect: CsvDialect) -> None:
        self._lines = lines
        self._columns = dialect.columns
        self._delimiter = dialect.delimiter.encode()
        mark = re.escape(self._delimiter)
        quoted = rb' ?+"(?:[^"]++|"")*+" *+'
        field = rb"(?:" + quoted + rb'|(?! ?")[^\n' + mark + rb"]*+)"
        self._field = re.compile(field)
        # Fields up to one whose quote is still open at the end.
        self._open = re.compile(rb"(?:" + field + mark + rb')*+ ?+"(?:[^"]++|"")*+\Z')

    def skip_header(self) -> None:
        line = self._lines.next()
        while line == b"":
            line = self._lines.next()
        record = (line or b"").removeprefix(b"\xef\xbb\xbf")
        while self._open.match(record) and (more := self._lines.next()) is not None:
            record += b"\n" + more

    def next_record(self) -> bytes | _Bad | None:
        line = self._lines.next()
        while line == b"" and len(self._columns) > 1:
            line = self._lines.next()
        if line is None:
            return None
        if b'"' not in line or len(line) > MAX_RECORD_BYTES:
            return self._judge(line, line.split(self._delimiter))
        return self._quoted_record(line)

    def _judge(self, record: bytes, fields: list[bytes]) -> bytes | _Bad:
        wanted = len(self._columns)
        if len(record) > MAX_RECORD_BYTES:
            return None, reasons.TOO_LONG, f"the record is longer than {MAX_RECORD_BYTES} bytes", record
        while len(fields) > wanted and not fields[-1]:
            fields.pop()  # spreadsheets pad lines with delimiters
        if len(fields) != wanted:
            column = self._columns[len(fields)] if len(fields) < wanted else None
            detail = f"{len(fields)} values where {wanted} were expected"
            return column, reasons.MALFORMED_CSV, detail, record
        try:
            record.decode("utf-8")
        except UnicodeDecodeError:
            index = next(index for index, field in enumerate(fields) if not _is_utf8(field))
            return self._columns[index], reasons.INVALID_ENCODING, "not valid UTF-8", record
        # DuckDB takes a lone carriage return for the end of a line unless it is quoted.
        return self._delimiter.join(map(_quote_returns, fields)) if b"\r" in record else record

    def _quoted_record(self, first: bytes) -> bytes | _Bad:
        record, lines = first, [first]
        while True:
            fields = self._split(record)
            if fields is not None:
                return self._closed_record(record, fields, lines)
            if not self._open.match(record):
                break
            more = self._lines_until_quote(lines, len(record))
            if more is None:
                break
            record += b"\n" + more
        self._lines.put_back(lines[1:])
        return self._unclosed(first)

    def _lines_until_quote(self, lines: list[bytes], size: int) -> bytes | None:
        """Take lines up to one that could close the quote; None where none may follow."""
        taken: list[bytes] = []
        while len(lines) <= _MAX_QUOTED_LINES and size <= MAX_RECORD_BYTES:
            line = self._lines.next()
            if line is None:
                return None
            lines.append(line)
            taken.append(line)
            size += len(line) + 1
            if b'"' in line:
                return b"\n".join(taken)
        return None

    def _closed_record(self, record: bytes, fields: list[bytes], lines: list[bytes]) -> bytes | _Bad:
        result = self._judge(record, fields)
        if not isinstance(result, bytes) and len(lines) > 1:
            # Records in the middle of the "value" show that the quote was never meant to span them.
            inner = (self._split(line) for line in lines[1:] if b'"' not in line)
            if any(found is not None and len(found) == len(self._columns) > 1 for found in inner):
                self._lines.put_back(lines[1:])
                return self._unclosed(lines[0])
        return result

    def _unclosed(self, line: bytes) -> _Bad:
        index = len(self._split_open(line))
        column = self._columns[index] if index < len(self._columns) else None
        is_open = self._open.match(line) is not None
        detail = "a quote is opened and never closed" if is_open else "text follows a closing quote"
        return column, reasons.MALFORMED_CSV, detail, line

    def _split_open(self, line: bytes) -> list[bytes]:
        fields, position = [], 0
        while match := self._field.match(line, position):
            if line[match.end() : match.end() + 1] != self._delimiter:
                break
            fields.append(match.group())
            position = match.end() + 1
        return fields

    def _split(self, record: bytes) -> list[bytes] | None:
        """Split a whole record into its fields; None if it is not well formed."""
        fields, position = [], 0
        while True:
            match = self._field.match(record, position)
            if match is None:
                return None
            fields.append(match.group())
            position = match.end()
            if position == len(record):
                return fields
            if record[position : position + 1] != self._delimiter:
                return None
            position += 1


def _quote_returns(field: bytes) -> bytes:
    if b"\r" not in field or field.startswith((b'"', b' "')):
        return field
    return b'"' + field.replace(b'"', b'""') + b'"'


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

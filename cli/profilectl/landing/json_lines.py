"""Say what is wrong with the lines of a JSON file that DuckDB could not take."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO

from profilectl.landing import reasons
from profilectl.landing.bad_record import BadRecord
from profilectl.landing.csv_lines import MAX_RECORD_BYTES, bounded_lines
from profilectl.landing.json_depth import MAX_DEPTH, is_too_deep

_BLANKS = b" \t\r\n"


def find_bad_lines(source: IO[bytes], rows: Iterable[int]) -> Iterator[BadRecord]:
    """Yield the records numbered ``rows`` with the reason why each is bad.

    Parameters
    ----------
    source
        Lines of JSON; blank lines are not records.
    rows
        1-based record numbers, ascending.
    """
    wanted = iter(rows)
    target = next(wanted, None)
    number = 0
    for line in bounded_lines(source):
        if target is None:
            return
        record = line.strip(_BLANKS)
        if not record:
            continue
        number += 1
        if number == target:
            yield _judge(number, record)
            target = next(wanted, None)


def cut_long_lines(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy ``source`` with over-long lines cut: still too long to be taken, short enough to be read past."""
    for line in bounded_lines(source):
        target.write(line + b"\n")


def _judge(row: int, record: bytes) -> BadRecord:
    if len(record) > MAX_RECORD_BYTES:
        detail = f"the record is longer than {MAX_RECORD_BYTES} bytes"
        return BadRecord(row, None, reasons.TOO_LONG, detail, record)
    try:
        text = record.decode("utf-8")
        if is_too_deep(text):
            detail = f"nested more than {MAX_DEPTH:,} levels deep"
            return BadRecord(row, None, reasons.MALFORMED_JSON, detail, record)
        value = json.loads(text)
    except UnicodeDecodeError:
        return BadRecord(row, None, reasons.INVALID_ENCODING, "not valid UTF-8", record)
    except json.JSONDecodeError as error:
        # Some of Python's messages end in "at" already.
        detail = f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
        return BadRecord(row, None, reasons.MALFORMED_JSON, detail, record)
    except (ValueError, RecursionError) as error:
        return BadRecord(row, None, reasons.MALFORMED_JSON, f"not readable: {error}", record)
    if not isinstance(value, dict):
        detail = f"a JSON object was expected, not {_NAMES.get(type(value), 'a number')}"
        return BadRecord(row, None, reasons.NOT_AN_OBJECT, detail, record)
    # Python is laxer than the standard here: half of a surrogate pair is no character.
    return BadRecord(row, None, reasons.MALFORMED_JSON, "an invalid character or number", record)


_NAMES = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}

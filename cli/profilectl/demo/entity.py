"""How an entity is delivered: its columns, its file format, and the dirt that is put into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Expected = Literal["quarantined", "duplicate", "blocked", "kept"]

# Stands for one byte that is not UTF-8; becomes 0xE9, an é of Latin-1, when the file is written.
WRONG_BYTE = "\ue000"


@dataclass(frozen=True)
class Dirt:
    """Corrupted or repeated copies of clean rows; the intact original is always delivered too.

    Parameters
    ----------
    kind
        What was done, as the truth names it.
    rows
        Copies per month when all households are delivered; fewer households, fewer copies.
    replace
        Column to the SQL expression put in its place.
    mangle
        SQL expression over ``line``, the written record, for damage below the level of columns.
    expected
        What cleaning must do with the copy.
    reason
        Why it is to be quarantined, in the words of staging.
    """

    kind: str
    rows: int
    replace: Mapping[str, str] = field(default_factory=dict)
    mangle: str | None = None
    expected: Expected = "quarantined"
    reason: str | None = None


@dataclass(frozen=True)
class Observed:
    """A property of clean rows that the truth counts: they are kept, or one identifier is blocked."""

    kind: str
    predicate: str
    expected: Expected = "kept"


@dataclass(frozen=True)
class Variant:
    """One month's file whose columns differ from the contract's."""

    month: str
    kind: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Entity:
    """One folder of the landing area.

    Parameters
    ----------
    columns
        Column name to the SQL expression written, over the clean table ``clean_<source>__<name>``.
    extension
        ``csv``, ``csv.gz``, ``jsonl`` or ``jsonl.gz``.
    redelivered
        Months in which a part of the file comes again, word for word, in a file of another name.
    redelivered_share
        How much of it.
    needs_quotes
        False where no csv field can contain a comma or a quote: writing is then twice as fast.
    empty_in
        Months in which an extra file without a byte arrives.
    """

    source: str
    name: str
    columns: Mapping[str, str]
    extension: str
    dirt: tuple[Dirt, ...]
    observed: tuple[Observed, ...] = ()
    redelivered: tuple[str, ...] = ()
    redelivered_share: float = 0.1
    variant: Variant | None = None
    needs_quotes: bool = True
    empty_in: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table of clean rows."""
        return f"clean_{self.source}__{self.name}"

    @property
    def is_csv(self) -> bool:
        """Whether a file is csv (JSON lines otherwise)."""
        return self.extension.startswith("csv")


def columns(*names: str, **expressions: str) -> dict[str, str]:
    """Return a column mapping: every name as itself, but for those given an expression."""
    return {name: expressions.get(name, name) for name in names}


def again(rows: int) -> Dirt:
    """Return dirt that repeats a record word for word within its file."""
    return Dirt("duplicate_row", rows, expected="duplicate")


def missing(column: str, rows: int, reason: str | None = None, blank: str = "''") -> Dirt:
    """Return dirt that leaves a required field empty."""
    return Dirt(f"missing_{column}", rows, {column: blank}, reason=reason or f"missing_{column}")


def bad_times(column: str, rows: int) -> tuple[Dirt, ...]:
    """Return the three kinds of impossible time: no such day, far future, before there was data."""
    return (
        Dirt("impossible_date", rows, {column: "'2017-02-30 10:00:00'"}, reason=f"invalid_{column}"),
        Dirt("date_in_2099", rows, {column: "'2099-01-01 00:00:00'"}, reason=f"future_{column}"),
        Dirt("date_in_1900", rows, {column: "'1900-01-01 00:00:00'"}, reason=f"out_of_bounds_{column}"),
    )


def wrong_encoding(column: str, rows: int) -> Dirt:
    """Return dirt with a Latin-1 byte in a column's text."""
    return Dirt("wrong_encoding", rows, {column: f"'caf{WRONG_BYTE}'"}, reason="invalid_encoding")


def short_line(rows: int) -> Dirt:
    """Return a csv line that ends after its third field."""
    return Dirt(
        "line_too_short",
        rows,
        mangle="array_to_string(string_split(line, ',')[1:3], ',')",
        reason="malformed_csv",
    )


def long_line(rows: int) -> Dirt:
    """Return a csv line with two fields too many."""
    return Dirt("line_too_long", rows, mangle="line || ',surplus,fields'", reason="malformed_csv")


def truncated_json(rows: int) -> Dirt:
    """Return a JSON line cut off at three fifths."""
    return Dirt("truncated_json", rows, mangle="left(line, length(line) * 3 // 5)", reason="malformed_json")

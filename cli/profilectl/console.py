"""What every command shares for talking: JSON on stdout, tables, private files."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import category

import typer
from rich.console import Console
from rich.table import Table


def emit_json(value: object) -> None:
    """Write ``value`` to stdout as indented JSON; dates and paths become text."""
    typer.echo(json.dumps(finite(value), indent=2, ensure_ascii=False, default=str, allow_nan=False))


def emit_line(value: object) -> None:
    """Write ``value`` to stdout as JSON in one line, for streams of objects."""
    typer.echo(json.dumps(finite(value), ensure_ascii=False, default=str, allow_nan=False))


def finite(value: Any) -> Any:
    """Replace the numbers JSON does not know by null."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def stdout() -> Console:
    """Return a console for results; markup is off because values come from data."""
    return Console(file=sys.stdout, markup=False, highlight=False, soft_wrap=False)


def stderr() -> Console:
    """Return a console for progress, so that stdout carries results only."""
    return Console(file=sys.stderr, markup=False, highlight=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> Table:
    """Return a plain table; columns that hold only numbers are right-aligned."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(
            row[index] is None or isinstance(row[index], int | float | Decimal) for row in rows
        )
        made.add_column(column, justify="right" if numeric else "left", header_style="dim", overflow="fold")
    for row in rows:
        made.add_row(*(number(value) for value in row))
    return made


def records_table(records: Sequence[Mapping[str, Any]], title: str | None = None) -> Table:
    """Return ``table`` of one or more records with the same names, which head the columns."""
    return table(list(records[0]), [list(record.values()) for record in records], title)


def number(value: object) -> str:
    """Return ``value`` as people read it: thousands apart, four significant places, ``-`` for null.

    Examples
    --------
    >>> number(1234567), number(0.123456), number(None)
    ('1,234,567', '0.1235', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        real = float(value)
        if not math.isfinite(real):
            return "-"
        return f"{real:,.0f}" if abs(real) >= 1000 else f"{real:.4g}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return printable(str(value))


def printable(text: str) -> str:
    r"""Return ``text`` with control characters escaped: those of data could drive the terminal.

    Examples
    --------
    >>> print(printable("a\x1b[2J.csv"))
    a\x1b[2J.csv
    """
    if text.isprintable():  # nearly all
        return text
    return "".join(
        one if one.isprintable() or category(one) == "Zs" else one.encode("unicode_escape").decode()
        for one in text
    )


def write_private(file: Path, text: str) -> None:
    """Write ``text`` to ``file`` in one step, readable by the owner only."""
    private_folder(file.parent)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def private_folder(folder: Path) -> Path:
    """Make ``folder`` for the owner only, if it is not there yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk: what is switched to has to survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Files that a task can be learnt from: checked line by line, then read into memory by DuckDB."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from pathlib import Path

import duckdb

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_identifier, quote_literal, quote_relation

SUFFIXES = (".csv", ".tsv", ".parquet", ".json", ".jsonl")
# A name that no file has: its own row_number is a column like any other.
ROW_NUMBER = "__row_number"
_CATALOGUE = "profilectl_files"
_DELIMITERS = (",", ";", "\t", "|")
# How people write that a value is missing; a column of numbers stays one of numbers.
_MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")


def file_suffix(source: str) -> str | None:
    """Return the suffix of a file that can be read (``.gz`` behind it is no matter), None of anything else.

    Examples
    --------
    >>> file_suffix("people.CSV.gz"), file_suffix("marts.people")
    ('.csv', None)
    """
    suffix = Path(source.lower().removesuffix(".gz")).suffix
    return suffix if suffix in SUFFIXES else None


def open_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    *,
    numbered: bool = False,
    types: Mapping[str, str] | None = None,
) -> tuple[str, str, str]:
    """Read the file into a table in memory and return ``(catalogue, schema, name)`` of it.

    Not a temporary table: cursors of the connection would not see it.

    Parameters
    ----------
    numbered
        Adds a column ``ROW_NUMBER``, from 1 in the file's order.
    types
        What columns of a CSV or TSV file are; others are what their values look like. JSON and Parquet say it
        themselves.

    Raises
    ------
    ProfilectlError
        If there is no such file, or it cannot be read whole; the message names file and line.
    """
    if not path.is_file():
        raise ProfilectlError(f"there is no file {path}", hint="mind the spelling, and the folder you are in")
    reader, values = _reader(path, types or {})
    relation = (_CATALOGUE, "main", name)
    number = f"row_number() over () as {quote_identifier(ROW_NUMBER)}, " if numbered else ""
    connection.execute(f"attach if not exists ':memory:' as {quote_identifier(_CATALOGUE)}")
    try:
        connection.execute(
            f"create or replace table {quote_relation(*relation)} as select {number}* from {reader}", values
        )
    except duckdb.Error as error:
        raise ProfilectlError(
            f"{path}: cannot be read: {_cause(error)}", hint="mend the file, then try again"
        ) from error
    return relation


def _cause(error: duckdb.Error) -> str:
    """Return the first line, which names the line of a CSV file, and the one that names the column."""
    first, *others = str(error).splitlines()
    return ": ".join([first, *(line for line in others if line.startswith("Error when converting"))])


def _reader(path: Path, types: Mapping[str, str]) -> tuple[str, list[object]]:
    """Return what reads the file, and the values to bind."""
    suffix, literal = file_suffix(path.name), quote_literal(str(path.resolve()))
    if suffix == ".parquet":
        return f"read_parquet({literal})", []
    if suffix in (".json", ".jsonl"):
        return f"read_json_auto({literal})", []
    delimiter, header = _check_lines(path, ("\t",) if suffix == ".tsv" else _DELIMITERS)
    missing = ", ".join(quote_literal(text) for text in _MISSING)
    told = {name: types[name] for name in header if name in types}
    return (
        f"read_csv({literal}, delim = {quote_literal(delimiter)}, header = true, skip = 0, quote = '\"',"
        f" escape = '\"', nullstr = [{missing}], sample_size = -1{', types = ?' if told else ''})",
        [told] if told else [],
    )


def _check_lines(path: Path, delimiters: tuple[str, ...]) -> tuple[str, list[str]]:
    """Return delimiter and header; of a file with one bad line DuckDB makes a single column, silently."""
    plain = gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # noqa: SIM115 (two lines down)
    with plain, io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
        line = 0
        try:
            first = text.readline()
            if not first.strip():
                raise ProfilectlError(f"{path}, line 1: there is no header", hint="name the columns there")
            delimiter = max(delimiters, key=lambda d: len(next(csv.reader([first], delimiter=d))))
            text.seek(0)
            records = csv.reader(text, delimiter=delimiter, strict=True)
            header = next(records)
            _check_header(path, header)
            line = records.line_num + 1
            for record in records:
                if record and len(record) != len(header):
                    raise ProfilectlError(
                        f"{path}, line {line}: {len(record)} values, the header has {len(header)} columns",
                        hint=f"columns are divided by {delimiter!r}; a value that holds it needs quotes",
                    )
                line = records.line_num + 1
        except UnicodeDecodeError as error:
            raise ProfilectlError(
                f"{path}: is not UTF-8 text (near line {max(line, 1)})", hint="save it as CSV UTF-8"
            ) from error
        except (csv.Error, EOFError, gzip.BadGzipFile) as error:
            raise ProfilectlError(
                f"{path}, line {line}: {error}", hint="mend the file, then try again"
            ) from error
    return delimiter, header


def _check_header(path: Path, header: list[str]) -> None:
    folded = [name.strip().lower() for name in header]
    for place, name in enumerate(folded):
        if name and name in folded[:place]:
            raise ProfilectlError(
                f"{path}, line 1: two columns are called {header[place]!r}", hint="rename one of them"
            )

"""The export itself: read a published version, write, read back, put in place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from profilectl.exporting.placing import place_file, place_files, staged
from profilectl.exporting.tables import Table, about, chosen, dictionary
from profilectl.exporting.types import written_type
from profilectl.exporting.writers import CsvWriter, ParquetWriter, Writer
from profilectl.project import Paths
from profilectl.version_names import CURRENT, version_file
from profilectl.warehouse import open_file, writing_errors
from profilectl_ml.errors import ProfilectlError

FORMATS = ("parquet", "csv", "hyper")
_SINGLE = {"parquet": (".parquet",), "csv": (".csv", ".csv.gz"), "hyper": (".hyper",)}
_ENDINGS = (".parquet", ".csv", ".hyper", ".gz")

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Exported:
    """What an export wrote: the version it is of, where it is, and each table with its rows and columns."""

    version: str | None
    as_of: str | None
    format: str
    output: Path
    tables: list[dict[str, Any]]
    bytes: int
    seconds: float


def export(
    paths: Paths,
    kind: str,
    *,
    output: Path | None = None,
    tables: Sequence[str] = (),
    version: str = CURRENT,
    compressed: bool = False,
    raw: bool = False,
    progress: Progress = lambda share, what: None,
) -> Exported:
    """Write tables of a published version as files that BI tools read.

    Parameters
    ----------
    paths
        The home whose published versions are read.
    kind
        ``parquet``, ``csv`` or ``hyper``.
    output
        A folder, which gets one file per table (one for all with ``hyper``) and the manifest
        ``export.json``; or one file, by its ending. Default: ``exports/<kind>`` under the home.
    tables
        ``schema.table`` or ``schema.*``; default: every table of the version.
    version
        ``current``, ``previous`` or a version's name.
    compressed
        CSV only: gzip.
    raw
        CSV only: leave text that looks like a formula as it is.
    progress
        Told the share of rows done (0 to 1) and the table it is at.

    Returns
    -------
    Exported
        What was written, after the rows of each table were counted in the files.

    Raises
    ------
    ProfilectlError
        If nothing is published, there is no such version or table, the format's package is not
        installed, the file has another format's name, it cannot be written, or it does not hold the rows
        the version holds.
    """
    started = time.monotonic()
    target = (output or paths.home / "exports" / kind).expanduser().absolute()
    single = _is_single(target, kind, compressed=compressed)
    writer = _writer(kind, compressed=compressed or (single and target.suffix.lower() == ".gz"), raw=raw)
    source = version_file(paths, version)
    with open_file(paths, source, read_only=True) as connection:
        found = chosen(connection, tables)
        if single and kind != "hyper" and len(found) != 1:
            raise ProfilectlError(
                f"{target.name} can hold one table, not {len(found)}",
                hint="name one with --tables, or name a folder",
            )
        said = about(connection)
        listed = _listed(connection, found, writer, kind, target if single else None)
        with _clear_errors(target), staged(target, folder=not single) as staging:
            files = _write(connection, found, writer, staging, progress)
            size = sum((staging / file).stat().st_size for file in files)
            if single:
                place_file(staging / files[0], target)
            else:
                place_files(staging, target, files, {**said, "format": kind, "raw": raw, "tables": listed})
    return Exported(
        said["version"], said["as_of"], kind, target, listed, size, round(time.monotonic() - started, 2)
    )


def _is_single(target: Path, kind: str, *, compressed: bool) -> bool:
    """Return whether ``target`` is one file rather than a folder; its name must not say another format."""
    if target.is_dir():
        return False
    name = target.name.lower()
    single = name.endswith(_SINGLE[kind])
    if single and compressed and not name.endswith(".gz"):
        raise ProfilectlError(
            f"{target.name} is not the name of a compressed file", hint=f"name it {target.name}.gz"
        )
    if not single and name.endswith(_ENDINGS):
        raise ProfilectlError(
            f"{target.name} is not the name of a {kind} file",
            hint=f"name a file that ends in {' or '.join(_SINGLE[kind])}, or a folder",
        )
    return single


def _writer(kind: str, *, compressed: bool, raw: bool) -> Writer:
    if kind == "hyper":
        from profilectl.exporting.hyper import HyperWriter

        return HyperWriter()
    return CsvWriter(compressed=compressed, raw=raw) if kind == "csv" else ParquetWriter()


def _write(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    writer: Writer,
    staging: Path,
    progress: Progress,
) -> list[Path]:
    """Write every table into ``staging``, count its rows there, and return the files, each once."""
    total, done = sum(table.rows for table in tables) or 1, 0

    def tick(rows: int, what: str) -> None:
        nonlocal done
        done += rows
        progress(done / total, what)

    progress(0.0, "reading the published version")
    writer.write(connection, tables, staging, tick)
    for table, counted in zip(tables, writer.counts(connection, tables, staging), strict=True):
        if counted != table.rows:
            raise ProfilectlError(
                f"the file of {table.full_name} holds {counted:,} rows, the version {table.rows:,}: "
                "nothing was exported",
                hint="check the disk and try again",
            )
    return list(dict.fromkeys(writer.file(table) for table in tables))


def _listed(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    writer: Writer,
    kind: str,
    single: Path | None,
) -> list[dict[str, Any]]:
    """Return what the manifest says of each table, with descriptions and units where the version has them."""
    known = dictionary(connection)
    return [
        {
            "table": table.full_name,
            "file": single.name if single else str(writer.file(table)),
            "rows": table.rows,
            "columns": [
                {
                    "name": name,
                    "type": written_type(of, decimals=kind != "hyper").upper(),
                    **known.get((table.schema, table.name, name), {}),
                }
                for name, of in table.columns.items()
            ],
        }
        for table in tables
    ]


@contextmanager
def _clear_errors(target: Path) -> Iterator[None]:
    """Turn what disks and engines say about a file that cannot be written into one line."""
    try:
        with writing_errors(target):
            yield
    except duckdb.InvalidInputException as error:
        raise ProfilectlError(
            f"what was written to {target} cannot be read back: {str(error).splitlines()[0]}",
            hint="export as parquet, which has no limit on the length of a row",
        ) from error

"""Writing the landing files: byte for byte the same for the same rows, and only where they changed."""

from __future__ import annotations

import gzip
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import duckdb

from profilectl.demo.entity import WRONG_BYTE, Entity

LATIN_1_E_ACUTE = b"\xe9"
GZIP_LEVEL = 3


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write ``content`` unless the file holds it already; return whether it was written.

    An untouched file keeps its modified time, so the load ledger does not take it again.
    """
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_bytes(content)
    half.replace(path)
    return True


def write_delivered(con: duckdb.DuckDBPyConnection, entity: Entity, landing: Path) -> list[bool]:
    """Write the files of the table ``delivered``; return, per file, whether it changed."""
    folder = landing / entity.source / entity.name
    files = con.execute("select distinct month, file from delivered order by file").fetchall()
    pending: list[Future[bool]] = []
    # compression releases the interpreter's lock, so it overlaps with DuckDB's work on the next file
    with ThreadPoolExecutor(max_workers=2) as pool:
        for month, file in files:
            row = con.execute(
                "select string_agg(line, chr(10) order by pos, tie) from delivered where file = ?", [file]
            ).fetchone()
            text = str(row[0]) if row is not None else ""
            path = folder / f"{file}.{entity.extension}"
            pending.append(pool.submit(_write_one, path, _header(entity, month) + text + "\n"))
    for month in entity.empty_in:
        if any(month == delivered for delivered, _ in files):
            path = folder / f"{entity.name}_{month}_rerun.{entity.extension}"
            pending.append(_done(write_if_changed(path, b"")))
    return [future.result() for future in pending]


def _header(entity: Entity, month: str) -> str:
    if not entity.is_csv:
        return ""
    differs = entity.variant is not None and entity.variant.month == month
    names = entity.variant.columns if entity.variant is not None and differs else entity.columns
    return ",".join(names) + "\n"


def _write_one(path: Path, text: str) -> bool:
    content = text.encode().replace(WRONG_BYTE.encode(), LATIN_1_E_ACUTE)
    if path.suffix == ".gz":
        # a modified time in the header would make every run's bytes differ
        content = gzip.compress(content, compresslevel=GZIP_LEVEL, mtime=0)
    return write_if_changed(path, content)


def _done(changed: bool) -> Future[bool]:
    future: Future[bool] = Future()
    future.set_result(changed)
    return future

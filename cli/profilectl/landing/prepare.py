"""Turn one landed text file into plain UTF-8 that DuckDB can read, or refuse it with a reason."""

from __future__ import annotations

import codecs
import errno
import gzip
import shutil
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from profilectl.landing import reasons
from profilectl.landing.discover import LandingFile

HEAD_BYTES = 1 << 16
_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BINARY_MARKS = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"PAR1",
    b"SQLite format 3",
    b"\x89PNG",
    b"%PDF-",
    b"\xd0\xcf\x11\xe0",
)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
# Text may hold a stray control character; a file of which a tenth is control characters is no text.
_CONTROL_SHARE = 0.1


class RefusedFileError(Exception):
    """A whole file cannot be taken; says why, and which declared columns it lacks."""

    def __init__(self, reason: str, detail: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.missing = missing


@dataclass(frozen=True)
class PlainFile:
    """A landed file as DuckDB reads it.

    Attributes
    ----------
    origin
        The file as it landed.
    read_path
        Plain, uncompressed content: the file itself, or a copy in the scratch folder.
    head
        The first bytes of the content, without a byte order mark; empty for Parquet.
    """

    origin: LandingFile
    read_path: Path
    head: bytes


def prepare(file: LandingFile, scratch: Path) -> PlainFile:
    """Check a landed file and unpack it where needed.

    Gzip is unpacked here rather than in DuckDB, which checks no checksum: a corrupt archive
    must not be loaded in part, and plain text is then read by all threads.

    Parameters
    ----------
    file
        A file without a problem of place or name.
    scratch
        An existing folder for copies, private to this run.

    Raises
    ------
    RefusedFileError
        If the file is empty, cannot be read, is corrupt, or is not UTF-8 text.
    """
    try:
        if file.kind == "parquet":
            return _check_parquet(file)
        with _open(file) as stream:
            head = stream.read(HEAD_BYTES)
            _refuse_other_than_text(head)
            has_mark = head.startswith(codecs.BOM_UTF8)
            if not file.is_gzip and not (has_mark and file.kind == "json"):
                return PlainFile(file, file.path, head.removeprefix(codecs.BOM_UTF8))
            head = head.removeprefix(codecs.BOM_UTF8)
            copy = scratch / f"{uuid.uuid4().hex}.{file.kind}"
            with copy.open("wb") as target:
                target.write(head)
                shutil.copyfileobj(stream, target, 1 << 20)
            return PlainFile(file, copy, head)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedFileError(reasons.UNREADABLE_FILE, f"corrupt gzip: {error}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE):
            raise  # our own machine's limits say nothing about the file
        raise RefusedFileError(reasons.UNREADABLE_FILE, f"{CANNOT_OPEN}: {error.strerror}") from error


#: How the detail of an unreadable file begins when the cause lies outside its content.
CANNOT_OPEN = "cannot be opened"


def _open(file: LandingFile) -> IO[bytes]:
    if file.is_gzip:
        return cast(IO[bytes], gzip.open(file.path, "rb"))
    return file.path.open("rb")


def _check_parquet(file: LandingFile) -> PlainFile:
    if file.size_bytes == 0:
        raise RefusedFileError(reasons.EMPTY_FILE, "the file has no content")
    with file.path.open("rb") as stream:
        start = stream.read(4)
        stream.seek(-min(4, file.size_bytes), 2)
        end = stream.read(4)
    if start != b"PAR1":
        raise RefusedFileError(reasons.UNREADABLE_FILE, "not a Parquet file")
    if end != b"PAR1":
        raise RefusedFileError(reasons.UNREADABLE_FILE, "truncated Parquet file: the footer is missing")
    return PlainFile(file, file.path, b"")


def _refuse_other_than_text(head: bytes) -> None:
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise RefusedFileError(reasons.EMPTY_FILE, "the file has no content")
    if head.startswith(_BINARY_MARKS):
        raise RefusedFileError(reasons.BINARY_FILE, "the content is a binary format, not text")
    nuls = head.count(0)
    # Latin text in UTF-16 without a mark has a NUL in every other place.
    every_other = nuls > len(head) // 4 and min(head[0::2].count(0), head[1::2].count(0)) < nuls // 10
    if head.startswith(_WIDE_MARKS) or every_other:
        raise RefusedFileError(reasons.UNSUPPORTED_ENCODING, "UTF-16 or UTF-32 text; only UTF-8 is read")
    control = len(head) - len(head.translate(None, _CONTROL))
    if control > len(head) * _CONTROL_SHARE:
        raise RefusedFileError(reasons.BINARY_FILE, "the content is binary, not text")

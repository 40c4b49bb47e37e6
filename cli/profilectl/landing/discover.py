"""Find the files under the landing root, and what their place says about them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from profilectl.landing import reasons
from profilectl.landing.contract import Contract, Entity
from profilectl_ml.errors import ProfilectlError

_FORMATS = {"csv": "csv", "json": "json", "jsonl": "json", "ndjson": "json", "parquet": "parquet"}
_IGNORED_SUFFIXES = (".tmp", ".part")
_FIRST_SECOND = int(datetime.min.replace(tzinfo=UTC).timestamp())
_LAST_SECOND = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class LandingFile:
    """One file under the landing root, as it was when it was found.

    Attributes
    ----------
    path
        Where it is.
    file
        Its path relative to the landing root, with forward slashes: its name in the ledger.
    source, entity
        The first two folders; empty where the file lies higher up.
    kind
        ``csv``, ``json`` or ``parquet``; None where the extension is not known.
    extension
        The extension as the ledger shows it, such as ``csv.gz``.
    problem
        Reason and detail where its place or name alone keeps it from being taken.
    """

    path: Path
    file: str
    source: str
    entity: str
    kind: str | None
    extension: str
    size_bytes: int
    modified_at: datetime
    problem: tuple[str, str] | None = None

    @property
    def is_gzip(self) -> bool:
        """Whether the content is compressed."""
        return self.extension.endswith(".gz")

    @property
    def identity(self) -> tuple[str, int, datetime]:
        """What the ledger knows a delivery by."""
        return self.file, self.size_bytes, self.modified_at

    def is_unchanged(self) -> bool:
        """Whether the file on disk is still the one that was found."""
        try:
            now = self.path.stat()
        except OSError:
            return False
        return (now.st_size, modified_at(now)) == (self.size_bytes, self.modified_at)

    def declared(self, contract: Contract) -> Entity:
        """Return the entity this file belongs to; only for files without a problem."""
        return contract.entities[self.source, self.entity]


def find_files(root: Path, contract: Contract, settle_seconds: float = 0) -> list[LandingFile]:
    """List every file under ``root`` that is not hidden, temporary or still being written, ordered by name.

    Parameters
    ----------
    root
        The landing folder; a folder that does not exist holds no files.
    contract
        Says which sources and entities are known.
    settle_seconds
        See :func:`has_settled`.

    Returns
    -------
    list of LandingFile
        Files that cannot be taken are there too, with their ``problem``, and so are folders that cannot
        be read. What is taken away meanwhile is not.

    Raises
    ------
    ProfilectlError
        If ``root`` itself is there and cannot be read.
    """
    resolved = real(root)
    found = (_describe(path, resolved, contract) for path in sorted(walk(resolved)))
    return [file for file in found if file is not None and has_settled(file.modified_at, settle_seconds)]


def has_settled(modified_at: datetime, seconds: float) -> bool:
    """Return whether a file has lain untouched for so long, or longer; its clock may be ahead of ours."""
    age = datetime.now(UTC).replace(tzinfo=None) - modified_at
    return abs(age.total_seconds()) >= seconds


def walk(root: Path) -> Iterator[Path]:
    """Yield every file under ``root`` that is not hidden or temporary.

    Folders that are not entered are among them, because they must not vanish without a word: linked ones,
    and those that cannot be read, which may be ``root`` itself.
    """
    unread: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=unread.append):
        folders[:] = [name for name in folders if not _is_ignored(name)]
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from (Path(folder) / name for name in names + linked if not _is_ignored(name))
    yield from (Path(error.filename) for error in unread if not isinstance(error, FileNotFoundError))


def name_in_ledger(path: Path, root: Path) -> str:
    """Return the path relative to the landing root; bytes that are not UTF-8 as ``\\xe9``."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def _is_ignored(name: str) -> bool:
    return name.startswith((".", "_")) or name.endswith(_IGNORED_SUFFIXES)


def modified_at(stat: os.stat_result) -> datetime:
    """Return when a file was last written, in UTC, to the microsecond.

    File systems know times outside the years 1 to 9999: of those the nearest second within.
    """
    seconds, nanoseconds = divmod(stat.st_mtime_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(min(max(seconds, _FIRST_SECOND), _LAST_SECOND), UTC).replace(tzinfo=None)
    return moment.replace(microsecond=nanoseconds // 1000)


def _describe(path: Path, root: Path, contract: Contract) -> LandingFile | None:
    """Return what is known of a file, or of a folder that was not entered; None if it has gone."""
    if path == root:
        raise ProfilectlError(
            f"the landing folder {root} cannot be read",
            hint="it has to be a folder, and this user needs the right to read it",
        )
    file = name_in_ledger(path, root)
    parts = file.split("/")
    source = parts[0] if len(parts) > 1 else ""
    entity = parts[1] if len(parts) > 2 else ""
    suffixes = parts[-1].lower().split(".")[1:]
    is_gzip = suffixes[-1:] == ["gz"]
    extension = ".".join(suffixes[-2:]) if is_gzip else "".join(suffixes[-1:])
    kind = _FORMATS.get(extension.removesuffix(".gz"))
    if is_gzip and kind == "parquet":
        kind = None
    is_link, is_folder, linked_out = path.is_symlink(), path.is_dir(), _leaves(path, root)
    stat = look_at(path, root)
    if stat is None:
        return None
    problem: tuple[str, str] | None = None
    if linked_out:
        problem = reasons.OUTSIDE_LANDING, "a link that leaves the landing folder is not followed"
    elif is_folder and is_link:
        problem = reasons.OUTSIDE_LANDING, "a linked folder is not followed"
    elif is_folder:
        problem = reasons.UNREADABLE_FILE, "the folder cannot be read: this user needs the right to"
    elif not (S_ISREG(stat.st_mode) or S_ISLNK(stat.st_mode)):
        # Whoever opens a pipe waits until somebody writes to it.
        problem = reasons.UNREADABLE_FILE, "a pipe, a socket or a device, not a file"
    elif file != path.relative_to(root).as_posix():
        problem = reasons.UNSUPPORTED_ENCODING, "its name is not UTF-8: rename it"
    elif source not in contract.sources:
        problem = reasons.UNKNOWN_SOURCE, f"no source '{source}' is declared" if source else _misplaced()
    elif (source, entity) not in contract.entities:
        text = f"source '{source}' declares no entity '{entity}'" if entity else _misplaced()
        problem = reasons.UNKNOWN_ENTITY, text
    elif kind is None:
        problem = (
            reasons.UNSUPPORTED_FORMAT,
            f"'{extension or path.name}' is none of csv, json, jsonl, ndjson (each also .gz), parquet",
        )
    return LandingFile(path, file, source, entity, kind, extension, stat.st_size, modified_at(stat), problem)


def real(path: Path) -> Path:
    """Return where a path leads; ``Path.resolve`` raises for a link to itself, which cannot be opened."""
    return Path(os.path.realpath(path))


def look_at(path: Path, root: Path) -> os.stat_result | None:
    """Return what the disk says of a file under ``root``, which is no link itself; None if it has gone.

    Of a link that is not followed or leads to nothing it is what the disk says of the link, and of a folder
    that was not entered what it says of the folder.
    """
    try:
        return path.lstat() if path.is_dir() or _leaves(path, root) else path.stat()
    except OSError:
        with suppress(FileNotFoundError):
            return path.lstat()
    return None


def _leaves(path: Path, root: Path) -> bool:
    return path.is_symlink() and not real(path).is_relative_to(root)


def _misplaced() -> str:
    return "files belong in <source>/<entity>/"

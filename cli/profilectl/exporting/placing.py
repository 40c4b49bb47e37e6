"""Putting finished files under their final names: written aside, synced, then renamed.

A file under its final name is always whole. Of several files the manifest comes last and goes first:
where it is, all files beside it are of the version it names.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from profilectl.console import private_folder, sync
from profilectl_ml.errors import ProfilectlError

MANIFEST = "export.json"
# While files are being replaced, this names the old ones and the new: a killed export is known by its files.
_REPLACED = ".export-replaced.json"


@contextmanager
def staged(target: Path, *, folder: bool) -> Iterator[Path]:
    """Yield an empty private folder on the disk of ``target``, alone; it is gone afterwards.

    ``target`` is the folder that the files go to or, without ``folder``, the one file. What a killed
    export left behind is cleared first.
    """
    parent = private_folder(target if folder else target.parent)
    staging = private_folder(parent / (".exporting" if folder else f".exporting-{target.name}"))
    with _alone(staging, target):
        try:
            for leftover in staging.iterdir():
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            yield staging
        finally:
            # Also after an error or an interrupt: half-written files are of no use to anybody.
            shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _alone(staging: Path, target: Path) -> Iterator[None]:
    """Hold the lock of ``staging``; the system releases it when the process ends, however it ends."""
    handle = os.open(staging, os.O_RDONLY)
    try:
        if not _locked(handle, staging):
            raise ProfilectlError(f"another export to {target} is running", hint="wait until it has ended")
        yield
    finally:
        os.close(handle)


def _locked(handle: int, staging: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # Another export may have ended, and taken the folder away, between our opening and our locking it.
    return staging.exists() and os.fstat(handle).st_ino == staging.stat().st_ino


def place_file(written: Path, target: Path) -> None:
    """Give the one file ``written`` its final name."""
    _seal(written)
    written.replace(target)
    sync(target.parent)


def place_files(staging: Path, target: Path, files: Sequence[Path], manifest: dict[str, Any]) -> None:
    """Move ``files`` (relative) from ``staging`` to ``target``, and write the manifest when all are there.

    Files of an earlier export that this one does not have are removed.
    """
    for file in files:
        _seal(staging / file)
    old = _earlier(target)
    names = sorted(str(file) for file in old | set(files))
    _place_json(staging / _REPLACED, target, {"tables": [{"file": name} for name in names]})
    (target / MANIFEST).unlink(missing_ok=True)
    sync(target)
    for file in files:
        private_folder((target / file).parent)
        (staging / file).replace(target / file)
    for file in old - set(files):
        (target / file).unlink(missing_ok=True)
    for folder in {(target / file).parent for file in files}:
        sync(folder)
    _place_json(staging / MANIFEST, target, manifest)
    (target / _REPLACED).unlink(missing_ok=True)
    sync(target)


def _place_json(written: Path, folder: Path, content: dict[str, Any]) -> None:
    written.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    place_file(written, folder / written.name)


def _earlier(target: Path) -> set[Path]:
    """Return the files that earlier exports to ``target`` say they wrote, and nothing outside of it."""
    found: set[Path] = set()
    for name in (MANIFEST, _REPLACED):
        if (target / name).is_file():
            try:
                said = json.loads((target / name).read_text(encoding="utf-8"))
                files = [Path(table["file"]) for table in said["tables"]]
            except (ValueError, KeyError, TypeError) as error:
                raise ProfilectlError(
                    f"{target / name} is no manifest of an export",
                    hint="move it away, or export to another folder",
                ) from error
            # The manifest is a file that anybody could have edited: it may only name what we would write.
            found |= {
                file
                for file in files
                if not file.is_absolute() and ".." not in file.parts and _is_export(file)
            }
    return found


def _is_export(file: Path) -> bool:
    return file.name.endswith((".parquet", ".csv", ".csv.gz", ".hyper"))


def _seal(file: Path) -> None:
    file.chmod(0o600)
    sync(file)

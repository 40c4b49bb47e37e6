"""Take every new file under the landing folder into the raw tables, once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from profilectl.console import private_folder
from profilectl.landing.contract import Contract, Entity
from profilectl.landing.discover import LandingFile, find_files
from profilectl.landing.ledger import Batch, LedgerRow, create_raw_tables, new_files, next_batch
from profilectl.landing.prepare import PlainFile, RefusedFileError, prepare
from profilectl.landing.publish import publish, publish_refusals
from profilectl.landing.readers import Readers, Signature
from profilectl.landing.staged import drop_staged
from profilectl.landing.summary import LandingSummary
from profilectl_ml.sql import quote_identifier

#: Called with the number of files done, the number of new files, and the file just done.
Progress = Callable[[int, int, str], None]

# Files are unpacked, read and committed in portions: few enough bytes to stay in memory,
# enough files that small ones do not cost a transaction each.
_PORTION_BYTES = 256_000_000
_PORTION_FILES = 500

_SCRATCH = "landing-"


def land(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    landing_root: Path,
    temp: Path,
    progress: Progress | None = None,
    settle_seconds: float = 0,
) -> LandingSummary:
    """Load the files that the ledger does not know, and record what became of each.

    Runs in transactions of its own, on a cursor of ``connection``: rows, errors and ledger rows
    of a group of files are committed together, so a crash leaves whole files only, and an error
    here does not abort a transaction of the caller.

    Parameters
    ----------
    connection
        Connection to the warehouse.
    contract
        The declared entities and columns.
    landing_root
        Folder with ``<source>/<entity>/<file>``; it may be missing, which means no files.
    temp
        Folder for what is unpacked; of the processes that name it, one at a time may land.
    progress
        Told after each file.
    settle_seconds
        Files wait until they have lain untouched for so long.

    Returns
    -------
    LandingSummary
        Counts, and the files that were refused.

    Raises
    ------
    duckdb.Error
        If the warehouse cannot be written. Bad files raise nothing.
    """
    cursor = connection.cursor()
    try:
        create_raw_tables(cursor, contract)
        found = find_files(landing_root, contract, settle_seconds)
        files = new_files(cursor, found, contract)
        with _settings_for_reading(cursor), _scratch(temp) as scratch:
            run = _Run(cursor, contract, next_batch(cursor), scratch, len(files), progress)
            run.summary.files_known = len(found) - len(files)
            run.load(files)
            return run.summary
    finally:
        cursor.close()


@contextmanager
def _scratch(temp: Path) -> Iterator[Path]:
    """Yield a private folder for copies, after removing what a run that was killed left of them."""
    for leftover in private_folder(temp).glob(f"{_SCRATCH}*"):
        shutil.rmtree(leftover)
    with TemporaryDirectory(dir=temp, prefix=_SCRATCH) as folder:
        yield Path(folder)


@contextmanager
def _settings_for_reading(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Set what reading rests on, and put the settings of the whole database back afterwards."""
    cursor.execute("set TimeZone = 'UTC'")  # this connection's alone: instants become UTC text
    wanted = {
        "preserve_insertion_order": True,  # record numbers follow the order of the file
        # Each file is read once; the cache would fill the memory, and within one second it
        # hands out the old content of a file that was written again.
        "enable_external_file_cache": False,
    }
    before = {name: _setting(cursor, name) for name in wanted}
    try:
        _set(cursor, wanted)
        yield
    finally:
        _set(cursor, before)


def _setting(cursor: duckdb.DuckDBPyConnection, name: str) -> bool:
    row = cursor.execute("select current_setting(?)", [name]).fetchone()
    return bool(row and row[0])


def _set(cursor: duckdb.DuckDBPyConnection, settings: Mapping[str, bool]) -> None:
    for name, value in settings.items():
        cursor.execute(f"set global {quote_identifier(name)} = {value}")


class _Run:
    """One run over the new files."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        contract: Contract,
        batch: Batch,
        scratch: Path,
        total: int,
        progress: Progress | None,
    ) -> None:
        self.summary = LandingSummary()
        self._cursor = cursor
        self._contract = contract
        self._batch = batch
        self._scratch = scratch
        self._total = total
        self._progress = progress
        self._done = 0
        self._readers = Readers(cursor, scratch)

    def load(self, files: Sequence[LandingFile]) -> None:
        misplaced = [file for file in files if file.problem is not None]
        self._refuse(LedgerRow(file, "rejected", *(file.problem or ())) for file in misplaced)
        takeable = sorted(
            (file for file in files if file.problem is None), key=lambda f: (f.source, f.entity, f.file)
        )
        for key, group in groupby(takeable, key=lambda f: (f.source, f.entity)):
            entity = self._contract.entities[key]
            for portion in self._portions(group):
                self._load_portion(entity, portion)

    def _portions(self, files: Iterable[LandingFile]) -> Iterator[list[PlainFile]]:
        """Unpack files until a portion is full; the copies go once it has been loaded."""
        portion: list[PlainFile] = []
        size = 0
        for file in files:
            try:
                plain = prepare(file, self._scratch)
            except RefusedFileError as refusal:
                self._refuse([_refused(file, refusal)])
                continue
            portion.append(plain)
            size += file.size_bytes if plain.read_path == file.path else plain.read_path.stat().st_size
            if size >= _PORTION_BYTES or len(portion) >= _PORTION_FILES:
                yield portion
                portion, size = [], 0
        if portion:
            yield portion

    def _load_portion(self, entity: Entity, portion: Sequence[PlainFile]) -> None:
        alike: dict[Signature, list[PlainFile]] = {}
        for plain in portion:
            try:
                signature = self._readers.signature(entity, plain)
            except RefusedFileError as refusal:
                self._refuse([_refused(plain.origin, refusal)])
                continue
            alike.setdefault(signature, []).append(plain)
        for signature, files in alike.items():
            for staged in self._readers.stage(entity, signature, files):
                self._count(publish(self._cursor, self._batch, staged))
                drop_staged(self._cursor)
        for plain in portion:
            if plain.read_path != plain.origin.path:
                plain.read_path.unlink()

    def _refuse(self, rows: Iterable[LedgerRow]) -> None:
        refused = list(rows)
        if refused:
            publish_refusals(self._cursor, self._batch, refused)
            self._count(refused)

    def _count(self, rows: Sequence[LedgerRow]) -> None:
        self.summary.add(self._batch.batch_id, rows)
        for row in rows:
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._total, row.file.file)


def _refused(file: LandingFile, refusal: RefusedFileError) -> LedgerRow:
    missing = ", ".join(refusal.missing) or None
    return LedgerRow(file, "rejected", refusal.reason, refusal.detail, missing)

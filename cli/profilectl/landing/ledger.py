"""The load ledger: which deliveries were taken, and which were refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from profilectl.landing import reasons
from profilectl.landing.contract import Contract, Entity, missing_column_detail
from profilectl.landing.discover import LandingFile
from profilectl.landing.prepare import CANNOT_OPEN
from profilectl_ml.sql import quote_identifier, quote_relation

#: Columns that every raw table has after the declared ones.
META_COLUMNS = {
    "_extra": "varchar",
    "_file": "varchar",
    "_row": "bigint",
    "_batch_id": "bigint",
    "_loaded_at": "timestamp",
}


@dataclass(frozen=True)
class Batch:
    """One run's deliveries: a number, and one moment that is later than every batch before."""

    batch_id: int
    loaded_at: datetime


@dataclass(frozen=True)
class LedgerRow:
    """What became of one file; ``rows`` is always ``rows_loaded`` plus ``rows_rejected``."""

    file: LandingFile
    status: str
    reason: str | None = None
    detail: str | None = None
    missing_columns: str | None = None
    rows_loaded: int = 0
    rows_rejected: int = 0

    @property
    def is_fatal(self) -> bool:
        """Whether a person has to mend the file, or take it away; an export of nothing is usual."""
        return self.status == "rejected" and self.reason != reasons.EMPTY_FILE


def create_raw_tables(cursor: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create the ledger, the error table and one raw table per entity, where they are not there yet."""
    cursor.execute("create schema if not exists raw")
    cursor.execute(
        """
        create table if not exists raw.load_ledger (
            batch_id bigint, source varchar, entity varchar, file varchar, size_bytes bigint,
            modified_at timestamp, format varchar, status varchar, reason varchar, detail varchar,
            missing_columns varchar, rows bigint, rows_loaded bigint, rows_rejected bigint,
            loaded_at timestamp, is_fatal boolean
        )
        """
    )
    cursor.execute(
        """
        create table if not exists raw.load_errors (
            batch_id bigint, source varchar, entity varchar, file varchar, "row" bigint,
            column_name varchar, reason varchar, detail varchar, raw_text varchar, loaded_at timestamp
        )
        """
    )
    for entity in contract.entities.values():
        _create_raw_table(cursor, entity)


def _create_raw_table(cursor: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    columns = dict.fromkeys(entity.columns, "varchar") | META_COLUMNS
    table = quote_relation("raw", entity.table)
    defined = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in columns.items())
    cursor.execute(f"create table if not exists {table} ({defined})")
    present = {
        row[0].lower() for row in cursor.execute(f"select column_name from (describe {table})").fetchall()
    }
    for column in entity.columns:
        if column.lower() not in present:
            cursor.execute(f"alter table {table} add column {quote_identifier(column)} varchar")


def next_batch(cursor: duckdb.DuckDBPyConnection) -> Batch:
    """Return the batch that this run's files belong to."""
    found = cursor.execute("select max(batch_id), max(loaded_at) from raw.load_ledger").fetchone()
    batch_id, loaded_at = found if found else (None, None)
    now = datetime.now(UTC).replace(tzinfo=None)
    if loaded_at is not None:
        now = max(now, loaded_at + timedelta(microseconds=1))
    return Batch((batch_id or 0) + 1, now)


def new_files(
    cursor: duckdb.DuckDBPyConnection, files: Sequence[LandingFile], contract: Contract
) -> list[LandingFile]:
    """Return the files that are not as the ledger had them last, or were refused for a cause that has gone.

    One that was changed and then put back to what it was before is another delivery.
    """
    known = {
        file: ((file, size, modified), (status, reason, detail, missing))
        for file, size, modified, status, reason, detail, missing in cursor.execute(
            """
            select file, size_bytes, modified_at, status, reason, detail, missing_columns
            from raw.load_ledger
            order by batch_id
            """
        ).fetchall()
    }

    def is_new(file: LandingFile) -> bool:
        identity, outcome = known.get(file.file, (None, ("", None, "", None)))
        return file.identity != identity or _cause_has_gone(file, contract, *outcome)

    return [file for file in files if is_new(file)]


def _cause_has_gone(
    file: LandingFile, contract: Contract, status: str, reason: str | None, detail: str, missing: str | None
) -> bool:
    """Whether a refused file deserves another look although it did not change."""
    if status != "rejected":
        return False
    if file.problem is not None:
        return file.problem[0] != reason
    if reason == reasons.MISSING_COLUMN:
        entity = file.declared(contract)
        still = [column for column in (missing or "").split(", ") if column in entity.columns]
        return missing_column_detail(entity, still, []) is None
    if reason == reasons.UNREADABLE_FILE and detail.startswith(CANNOT_OPEN):
        return _opens(file)
    return reason in {
        reasons.UNKNOWN_SOURCE,
        reasons.UNKNOWN_ENTITY,
        reasons.UNSUPPORTED_FORMAT,
        reasons.OUTSIDE_LANDING,
    }


def _opens(file: LandingFile) -> bool:
    try:
        file.path.open("rb").close()
    except OSError:
        return False
    return True


def write_ledger(cursor: duckdb.DuckDBPyConnection, batch: Batch, rows: Sequence[LedgerRow]) -> None:
    """Write one ledger row per file, and one error row per file that was refused."""
    for row in rows:
        file = row.file
        cursor.execute(
            "insert into raw.load_ledger values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(batch.batch_id, file.source, file.entity, file.file, file.size_bytes, file.modified_at),
                *(file.extension, row.status, row.reason, row.detail, row.missing_columns),
                *(row.rows_loaded + row.rows_rejected, row.rows_loaded, row.rows_rejected),
                *(batch.loaded_at, row.is_fatal),
            ],
        )
        if row.status == "rejected":
            cursor.execute(
                "insert into raw.load_errors values (?, ?, ?, ?, null, null, ?, ?, null, ?)",
                [
                    batch.batch_id,
                    file.source,
                    file.entity,
                    file.file,
                    row.reason,
                    row.detail,
                    batch.loaded_at,
                ],
            )

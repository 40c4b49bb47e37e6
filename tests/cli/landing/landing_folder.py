"""A landing folder and an empty warehouse, with what tests ask of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from profilectl.landing.contract import Contract
from profilectl.landing.load import land
from profilectl.landing.summary import LandingSummary

CONTRACT = Contract.from_rows(
    [
        ("shop", "products", "product_id", 1, True),
        ("shop", "products", "brand", 2, False),
        ("shop", "products", "note", 3, False),
        ("web", "events", "event_id", 1, True),
        ("web", "events", "page", 2, False),
    ]
)


@dataclass
class LandingFolder:
    """Writes files, runs the loader, reads the raw tables."""

    root: Path
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    contract: Contract = CONTRACT

    @property
    def temp(self) -> Path:
        return self.root.with_name("tmp")

    def write(self, file: str, content: bytes) -> Path:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def copy_parquet(self, file: str, query: str) -> Path:
        path = self.write(file, b"")
        with duckdb.connect() as other:
            other.execute(f"copy ({query}) to '{path}' (format parquet)")
        return path

    def land(self) -> LandingSummary:
        return land(self.connection, self.contract, self.root, self.temp)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, list(values)).fetchall()

    def ledger(self, file: str) -> dict[str, Any]:
        """The latest ledger row of a file."""
        cursor = self.connection.execute(
            "select * from raw.load_ledger where file = ? order by batch_id desc limit 1", [file]
        )
        row = cursor.fetchone()
        assert row is not None, f"{file} is not in the ledger"
        return dict(zip([column[0] for column in cursor.description], row, strict=True))

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        return self.query(f"select {', '.join(columns)} from raw.{table} order by _file, _batch_id, _row")

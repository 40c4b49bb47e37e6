"""Settings of the engine that hold for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from profilectl_ml.sql import quote_identifier, quote_literal


@contextmanager
def settings(connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, str]) -> Iterator[None]:
    """Let these settings hold in the block, then put back what was: others of the process go on with it."""
    asked = ", ".join(f"current_setting({quote_literal(name)})" for name in wanted)
    [before] = connection.execute(f"select {asked}").fetchall()
    try:
        for name, value in wanted.items():
            connection.execute(f"set {quote_identifier(name)} = {quote_literal(value)}")
        yield
    finally:
        for name, value in zip(wanted, before, strict=True):
            connection.execute(f"set {quote_identifier(name)} = {quote_literal(str(value))}")

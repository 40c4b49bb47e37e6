"""The demo's truth: how well stitching and quarantine did, where the truth is known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from profilectl import facts
from profilectl.demo import score


def stitching_score(connection: duckdb.DuckDBPyConnection, truth: Path) -> dict[str, Any] | None:
    """Return precision, recall and F1 of the identity map against the truth, or none without a truth."""
    known = (truth / "identities.parquet").is_file()
    if not known or not facts.has_table(connection, "marts", "identity_map"):
        return None
    return asdict(score.stitching(connection, truth))


def dirt_found(connection: duckdb.DuckDBPyConnection, truth: Path) -> dict[str, int]:
    """Return quarantined and duplicate rows, those found and those the truth expects."""
    checked = score.quarantine(connection, truth)
    return {
        "quarantined": sum(row.found_quarantined for row in checked),
        "expected_quarantined": sum(row.expected_quarantined for row in checked),
        "duplicates": sum(row.found_duplicates for row in checked),
        "expected_duplicates": sum(row.expected_duplicates for row in checked),
        "entities_that_differ": sum(not row.agrees for row in checked),
    }

"""The demo's truth: how well stitching did, where the truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from profilectl import facts


def stitching_score(connection: duckdb.DuckDBPyConnection, truth: Path) -> dict[str, Any] | None:
    """Return precision, recall and F1 of the identity map against the truth, or none without a truth."""
    if not truth.is_dir() or not facts.has_table(connection, "marts", "identity_map"):
        return None
    from profilectl.demo import score

    return dict(score.stitching(connection, truth))

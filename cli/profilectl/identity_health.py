"""`profilectl identity health`: what a person checks before trusting the stitching."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from profilectl import facts, identity_facts
from profilectl.demo.score import stitching
from profilectl_ml.errors import ProfilectlError

LARGEST = 5
LOADS = 10
BLOCKED = 20


def identity_health(connection: duckdb.DuckDBPyConnection, truth: Path | None = None) -> dict[str, Any]:
    """Gather the state of identities.

    Parameters
    ----------
    connection
        The working warehouse.
    truth
        A Parquet or CSV file with the columns identifier_type, identifier_value and person_id, or the demo's
        truth folder; without it nothing is said about precision and recall.

    Returns
    -------
    dict
        ``users``, ``identifiers``, ``single_identifier_share`` [share 0-1], ``sizes`` (20 stands for 20 and
        more), ``largest`` users, ``churn`` per load or changed rule, ``causes`` of merges and splits,
        ``blocked`` identifiers with the users each would have joined (the worst first), and ``stitching``
        against the truth.

    Raises
    ------
    ProfilectlError
        If nothing was built yet, or the truth cannot be read.
    """
    if not facts.has_table(connection, "marts", "identity_map"):
        raise ProfilectlError("the warehouse has no identities yet", hint="run: profilectl build")
    return identity_facts.totals(connection) | {
        "sizes": identity_facts.sizes(connection),
        "largest": identity_facts.largest(connection, LARGEST),
        "churn": identity_facts.churn(connection, LOADS),
        "causes": identity_facts.causes(connection, LOADS),
        "blocked": identity_facts.blocked(connection, BLOCKED),
        "stitching": asdict(stitching(connection, truth)) if truth else None,
    }

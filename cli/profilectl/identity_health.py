"""`profilectl identity health`: what a person checks before trusting the stitching."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from profilectl import facts
from profilectl.demo.score import stitching
from profilectl.reporting.queries import identifiers_per_user
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
        more), ``largest`` users, ``churn`` per load, ``blocked`` identifiers with the users each would have
        joined (the worst first), and ``stitching`` against the truth.

    Raises
    ------
    ProfilectlError
        If nothing was built yet, or the truth cannot be read.
    """
    if not facts.has_table(connection, "marts", "identity_map"):
        raise ProfilectlError("the warehouse has no identities yet", hint="run: profilectl build")
    [totals] = facts.rows(
        connection,
        "with sizes as ("
        "select count(*) as n from marts.identity_map where user_id is not null and known_to is null "
        "group by user_id) "
        "select count(*) as users, coalesce(sum(n), 0)::bigint as identifiers, "
        "count(*) filter (where n = 1) / nullif(count(*), 0) as single_identifier_share from sizes",
    )
    return totals | {
        "sizes": identifiers_per_user(connection),
        "largest": facts.rows(
            connection,
            "select user_id, count(*) as identifiers from marts.identity_map "
            "where user_id is not null and known_to is null "
            f"group by user_id order by identifiers desc, user_id limit {LARGEST}",
        ),
        "churn": facts.rows(
            connection,
            "select changed_at, count(*) filter (where event = 'created') as created, "
            "count(*) filter (where event = 'merged_into') as merged, "
            "count(*) filter (where event = 'split_from') as split "
            f"from marts.identity_changes group by changed_at order by changed_at desc limit {LOADS}",
        ),
        "blocked": _blocked(connection),
        "stitching": asdict(stitching(connection, truth)) if truth else None,
    }


def _blocked(connection: duckdb.DuckDBPyConnection) -> list[facts.Row]:
    return facts.rows(
        connection,
        f"""
        with met as (
            select links.identifier_id, count(distinct identity.user_key) as users
            from intermediate.int_blocked_identifiers as blocked
            inner join intermediate.int_identity_links as links using (identifier_id)
            inner join intermediate.int_identity_links as beside using (identity_key)
            inner join intermediate.int_identity as identity
                on beside.identifier_id = identity.identifier_id
            group by links.identifier_id
        )
        select identifier_type as type, identifier_value as value, block_reason as reason,
            coalesce(met.users, 0) as would_join
        from intermediate.int_blocked_identifiers
        inner join intermediate.int_identifiers using (identifier_id)
        left join met using (identifier_id)
        order by would_join desc, identifier_id limit {BLOCKED}
        """,
    )

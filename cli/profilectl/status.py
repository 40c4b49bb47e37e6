"""`profilectl status`: the state of everything as one object."""

from __future__ import annotations

from typing import Any

from profilectl import facts, publishing
from profilectl.dbt_runner import last_run
from profilectl.project import Paths
from profilectl.warehouse import connect, connect_published


def status(paths: Paths) -> dict[str, Any]:
    """Return the state of the home folder.

    Returns
    -------
    dict
        ``home``, ``warehouse`` (path, exists, bytes), ``as_of``, ``sources`` (rows landed, shaped,
        quarantined, duplicates per source entity), ``total``, ``users``, ``identifiers`` (per type),
        ``last_run``, ``models`` (metric and baseline) and ``published``.
    """
    exists = paths.warehouse.is_file()
    state: dict[str, Any] = {
        "home": str(paths.home),
        "warehouse": {
            "path": str(paths.warehouse),
            "exists": exists,
            "bytes": paths.warehouse.stat().st_size if exists else 0,
        },
        "as_of": None,
        "sources": [],
        "total": facts.total([]),
        "users": 0,
        "identifiers": {},
        "last_run": last_run(paths),
        "models": [],
        "published": _published(paths),
    }
    if exists:
        with connect(paths) as connection:
            state["as_of"] = facts.as_of(connection)
            state["sources"] = facts.sources(connection)
            state["total"] = facts.total(state["sources"])
            state["users"] = facts.count(connection, "marts", "dim_users")
            if facts.has_table(connection, "marts", "identity_map"):
                found = facts.rows(
                    connection,
                    "select identifier_type as kind, count(*) as n from marts.identity_map "
                    "where known_to is null and not is_blocked group by 1 order by 1",
                )
                state["identifiers"] = {row["kind"]: row["n"] for row in found}
            state["models"] = facts.models(connection)
    return state


def _published(paths: Paths) -> dict[str, Any] | None:
    if not paths.published.exists():
        return None
    with connect_published(paths) as connection:
        [about] = facts.rows(connection, "select version, published_at, as_of, users from meta.publication")
    return {
        "path": str(paths.published),
        **about,
        "bytes": paths.published.stat().st_size,
        "kept": publishing.versions(paths),
    }

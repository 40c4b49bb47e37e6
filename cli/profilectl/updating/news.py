"""What has landed since the last complete run, and which part of the project that touches."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime

import duckdb

from profilectl import facts
from profilectl.landing.contract import Contract
from profilectl.landing.discover import find_files
from profilectl.landing.ledger import new_files
from profilectl.project import DbtProject, Paths, settings_of_results

Entity = tuple[str, str]


@dataclass(frozen=True)
class News:
    """What a run has to take in.

    Attributes
    ----------
    entities
        Source entities with files or rows that no complete run has taken in; names as the folders have them.
    everything
        Why the whole project has to be built, whatever landed; empty if it has not.
    declared
        The entities that the project declares.
    """

    entities: frozenset[Entity]
    everything: str
    declared: frozenset[Entity]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to build."""
        return not self.entities and not self.everything

    def selection(self) -> str | None:
        """Return dbt's node selection of what is touched; None for the whole project."""
        if self.everything:
            return None
        touched = [f"source:{source}.{entity}+" for source, entity in sorted(self.entities & self.declared)]
        # Files of entities that nobody declares are seen in quarantine alone.
        return " ".join(["landing_files", "quarantined_rows+", *touched])


def look(
    connection: duckdb.DuckDBPyConnection, paths: Paths, complete: facts.Row | None, project: str
) -> News:
    """Find out what is new; nothing is read but names, sizes and the ledger.

    Parameters
    ----------
    complete
        The last run, if it ended well: all before it is built. None: what is built is not known.
    project
        The fingerprint of the project as it is now.
    """
    if complete is None or not facts.has_table(connection, "ops", "landing_contract"):
        return News(frozenset(), "what is built already is not known", frozenset())
    if complete["project"] != project:
        return News(frozenset(), "the dbt project or a setting changed", frozenset())
    if _built_since(connection, complete["ended_at"]):
        return News(frozenset(), "a build by hand came after the last update", frozenset())
    contract = _contract(connection)
    waiting = new_files(connection, find_files(paths.landing, contract, paths.settle_seconds), contract)
    entities = {(file.source, file.entity) for file in waiting}
    return News(
        frozenset(entities | landed_since(connection, int(complete["through_batch"]))),
        "",
        frozenset(contract.entities),
    )


def _built_since(connection: duckdb.DuckDBPyConnection, moment: datetime) -> bool:
    """Whether dbt wrote anything after a run ended: with which settings, no run has noted."""
    if not facts.has_table(connection, "ops", "model_state"):
        return False
    found = connection.execute(
        "select 1 from ops.model_state where wrote in"
        " (select build_id from ops.builds where started_at > ?) limit 1",
        [moment],
    ).fetchall()
    return bool(found)


def landed_since(connection: duckdb.DuckDBPyConnection, batch: int) -> set[Entity]:
    """Return the source entities of files that were dealt with after this batch."""
    found = connection.execute(
        "select distinct coalesce(source, ''), coalesce(entity, '') from raw.load_ledger where batch_id > ?",
        [batch],
    ).fetchall()
    return {(str(source), str(entity)) for source, entity in found}


def last_batch(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the last landing batch; nought before anything landed."""
    if not facts.has_table(connection, "raw", "load_ledger"):
        return 0
    return int(
        facts.rows(connection, "select coalesce(max(batch_id), 0) as id from raw.load_ledger")[0]["id"]
    )


def fingerprint(project: DbtProject) -> str:
    """Return a digest of every file of the dbt project, its profile and the settings that change results."""
    digest = hashlib.sha256()
    for path in project.sources():
        # with its folder: dbt_project.yml configures models by folder
        digest.update(f"\0{os.path.relpath(path, project.folder)}\0".encode() + path.read_bytes())
    digest.update(repr(sorted(settings_of_results().items())).encode())
    return digest.hexdigest()[:16]


def _contract(connection: duckdb.DuckDBPyConnection) -> Contract:
    return Contract.from_rows(
        connection.execute(
            "select source, entity, column_name, position, is_required from ops.landing_contract"
        ).fetchall()
    )

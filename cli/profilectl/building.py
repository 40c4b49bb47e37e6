"""`profilectl build`: what dbt did, and what is in the warehouse after it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from profilectl import facts
from profilectl.dbt_runner import DbtOutcome, NodeFailure, Progress, one_line, run_dbt
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.warehouse import connect
from profilectl_ml.errors import ProfilectlError


@dataclass(frozen=True)
class Built:
    """The outcome of a build and the state it left.

    ``files_rejected`` are those of :func:`profilectl.facts.refused`, from whichever run.
    """

    dbt: DbtOutcome
    as_of: str | None
    users: int
    sources: list[facts.Row]
    files_taken: int
    files_rejected: list[facts.Row]

    def as_json(self) -> dict[str, Any]:
        """Return the summary as one object."""
        return {
            "success": self.dbt.success,
            "seconds": round(self.dbt.seconds, 1),
            "nodes": {"done": self.dbt.done, "failed": len(self.dbt.failures), "skipped": self.dbt.skipped},
            "failures": [asdict(failure) for failure in self.dbt.failures],
            "warnings": [asdict(warning) for warning in self.dbt.warnings],
            "as_of": self.as_of,
            "users": self.users,
            "sources": self.sources,
            "total": facts.total(self.sources),
            "files": {"taken": self.files_taken, "rejected": self.files_rejected},
        }


def build(
    project: DbtProject,
    paths: Paths,
    *,
    full_refresh: bool = False,
    select: str | None = None,
    progress: Progress = lambda done, total, node: None,
) -> Built:
    """Run ``dbt build`` and collect what a person wants to know afterwards.

    Raises
    ------
    ProfilectlError
        If dbt could not start, or nothing is of the selection. Nodes that failed are not raised: they are in
        ``dbt.failures``, because the other sources were still built.
    """
    with only_writer(paths, "profilectl build"):
        return _build(project, paths, full_refresh, select, progress)


def _build(
    project: DbtProject, paths: Paths, full_refresh: bool, select: str | None, progress: Progress
) -> Built:
    before = _last_batch(paths)
    # Unit tests look at the models' code, not at this warehouse's data: `make test` runs them.
    command = ["build", "--exclude-resource-type", "unit_test"]
    if full_refresh:
        command.append("--full-refresh")
    if select:
        command += ["--select", *select.split()]
    outcome = run_dbt(project, paths, command, progress)
    if select and not (outcome.done or outcome.skipped or outcome.failures):
        raise ProfilectlError(
            f"the project has nothing that --select {select!r} selects",
            hint="it takes dbt's node selection: names of models and seeds, +before, after+, path:models",
        )
    if not paths.warehouse.is_file():
        return Built(outcome, None, 0, [], 0, [])
    with connect(paths) as connection:
        rejected = facts.refused(connection, paths.landing, before)
        return Built(
            dbt=replace(outcome, failures=[_naming_files(one, rejected) for one in outcome.failures]),
            as_of=facts.as_of(connection),
            users=facts.count(connection, "marts", "dim_users"),
            sources=facts.sources(connection),
            files_taken=_taken_since(connection, before),
            files_rejected=rejected,
        )


def _naming_files(failure: NodeFailure, rejected: list[facts.Row]) -> NodeFailure:
    """Return the failure with the files in place of a count of rows, if it is that of the refused ones."""
    files = [row["file"] for row in rejected if row["is_fatal"]]
    if failure.node != facts.REFUSED or not files:
        return failure
    return replace(failure, message=one_line(f"refused: {', '.join(files)}"))


def _taken_since(connection: duckdb.DuckDBPyConnection, batch: int) -> int:
    if not facts.has_table(connection, "raw", "load_ledger"):
        return 0
    taken = "select count(*) as n from raw.load_ledger where status = 'taken' and batch_id > ?"
    return int(facts.rows(connection, taken, [batch])[0]["n"])


def _last_batch(paths: Paths) -> int:
    if not paths.warehouse.is_file():
        return -1
    with connect(paths) as connection:
        if not facts.has_table(connection, "raw", "load_ledger"):
            return -1
        found = facts.rows(connection, "select coalesce(max(batch_id), -1) as id from raw.load_ledger")
        return int(found[0]["id"])

"""`profilectl build`: what dbt did, and what is in the warehouse after it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from profilectl import facts
from profilectl.dbt_runner import DbtOutcome, Progress, run_dbt
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.warehouse import connect


@dataclass(frozen=True)
class Built:
    """The outcome of a build and the state it left."""

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
        If dbt could not start. Nodes that failed are not raised: they are in ``dbt.failures``,
        because the other sources were still built.
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
    if not paths.warehouse.is_file():
        return Built(outcome, None, 0, [], 0, [])
    with connect(paths) as connection:
        files = (
            facts.rows(
                connection,
                "select source, entity, file, status, reason, detail from raw.load_ledger where batch_id > ? "
                "order by source, entity, file",
                [before],
            )
            if facts.has_table(connection, "raw", "load_ledger")
            else []
        )
        rejected = [
            {k: v for k, v in row.items() if k != "status"} for row in files if row["status"] == "rejected"
        ]
        return Built(
            dbt=outcome,
            as_of=facts.as_of(connection),
            users=facts.count(connection, "marts", "dim_users"),
            sources=facts.sources(connection),
            files_taken=len(files) - len(rejected),
            files_rejected=rejected,
        )


def _last_batch(paths: Paths) -> int:
    if not paths.warehouse.is_file():
        return -1
    with connect(paths) as connection:
        if not facts.has_table(connection, "raw", "load_ledger"):
            return -1
        found = facts.rows(connection, "select coalesce(max(batch_id), -1) as id from raw.load_ledger")
        return int(found[0]["id"])

"""Builds of the real dbt project for tests: in this process, from one manifest, each in a home of its own."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "dbt_project"
FAILED = {"error", "fail", "runtime error"}


@dataclass(frozen=True)
class Built:
    """How each node of a build ended, by name, and the warehouse as that build left it."""

    warehouse: Path
    statuses: dict[str, str]

    @property
    def failed(self) -> set[str]:
        """Nodes and tests that failed."""
        return {name for name, status in self.statuses.items() if status in FAILED}

    @property
    def skipped(self) -> set[str]:
        """Nodes that were not tried because another one failed."""
        return {name for name, status in self.statuses.items() if status == "skipped"}

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of ``query``; the file is closed again at once, so that a later build can open it."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def value(self, query: str, parameters: Sequence[object] = ()) -> Any:
        """The one value of ``query``."""
        ((value,),) = self.rows(query, parameters)
        return value


class Home:
    """A folder with landing files and a warehouse, and dbt to build it."""

    def __init__(self, folder: Path, manifest: Any, artefacts: bool = True) -> None:
        self.folder = folder
        #: Whether dbt writes its JSON files into the target folder, which is a fifth of a small build.
        self.artefacts = artefacts
        self.folder.mkdir(parents=True, exist_ok=True)
        self.landing = folder / "landing"
        self.warehouse = folder / "warehouse.duckdb"
        self.target = folder / "target"
        #: Further variables for dbt, such as PROFILECTL_AS_OF.
        self.extra: dict[str, str] = {}
        self._manifest = manifest

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the project use this folder."""
        names = ("HOME", "LANDING", "WAREHOUSE")
        places = (self.folder, self.landing, self.warehouse)
        own = {f"PROFILECTL_{name}": str(place) for name, place in zip(names, places, strict=True)}
        return self.extra | own

    def land(self, file: str, content: str | bytes) -> Path:
        """Put a file where ``source/entity/name`` says."""
        path = self.landing / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def dbt(self, *command: str) -> Built:
        """Run one dbt command, such as ``"build", "--select", "+dim_users"``."""
        said = command if self.artefacts else (*command, "--no-write-json")
        result = invoke(said, self.environment, self.target, self._manifest)
        if self.artefacts:
            return Built(self.warehouse, statuses_in(self.target))
        statuses = {_name_of(one.node.unique_id): str(one.status) for one in result.results}
        return Built(self.warehouse, statuses)

    def build(self, *options: str) -> Built:
        """Run ``dbt build`` as updates do: two nodes at once, without unit tests, which need no data."""
        return self.dbt("build", "--exclude-resource-type", "unit_test", "--threads", "2", *options)


def invoke(
    command: Sequence[str],
    environment: dict[str, str],
    target: Path,
    manifest: Any = None,
    root: Path = ROOT,
    heard: list[str] | None = None,
) -> Any:
    """Run dbt in this process and return what it returns; the warehouse is closed afterwards.

    A given ``manifest`` saves the parsing, which would else be most of a small build. What dbt says is
    added to ``heard``.
    """
    callbacks = [] if heard is None else [lambda event: heard.append(event.info.msg)]
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(root / "dbt_project"), "--profiles-dir", str(root)]
    places += ["--target-path", str(target), "--log-path", str(target.with_name("logs"))]
    try:
        release_warehouse()
        with _environment(environment):
            outcome = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(
                ["--quiet", "--log-level", "none", "--log-level-file", "none", *command, *places]
            )
    finally:
        release_warehouse()
    if outcome.exception is not None:
        raise outcome.exception
    return outcome.result


@contextmanager
def loading_at(moment: dt.datetime) -> Iterator[None]:
    """Let the loader take its batches at ``moment`` (UTC), whatever the clock says."""

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return moment.replace(tzinfo=tz)

    with mock.patch("profilectl.landing.ledger.datetime", Clock):
        yield


def release_warehouse() -> None:
    """Close the connection that dbt-duckdb keeps for its process, whoever opened it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    opened: Any = DuckDBConnectionManager._ENV
    if opened is not None:
        opened.close()
        DuckDBConnectionManager._ENV = None


def parsed(shared: Path) -> Any:
    """The project's manifest; of several worker processes only the first one parses in full."""
    # nothing is made there, but every node notes the database's name: it must be that of every home
    environment = {"PROFILECTL_WAREHOUSE": str(shared / "parse" / "warehouse.duckdb")}
    with one_at_a_time(shared / "parse"):
        return invoke(["parse"], environment, shared / "parse" / "target")


def statuses_in(target: Path) -> dict[str, str]:
    """Status of every node of the last run, by name without the project's prefix."""
    found = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
    return {_name_of(one["unique_id"]): one["status"] for one in found["results"]}


def _name_of(unique_id: str) -> str:
    # a generic test's id ends in a hash
    return unique_id.split(".")[2]


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[Path]:
    """Hold ``folder`` against the other worker processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in [name for name in before if name.startswith(("PROFILECTL_", "DBT_"))]:
        del os.environ[name]
    os.environ.update({"PROFILECTL_DUCKDB_THREADS": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "False"} | wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

"""Running dbt inside this process: quiet, with progress, and failures as one clear line each."""

from __future__ import annotations

import gc
import json
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from profilectl.console import private_folder
from profilectl.project import DbtProject, Paths
from profilectl.warehouse import LOCKED
from profilectl_ml.errors import ProfilectlError

RUN_RESULTS = "run_results.json"
#: A file beside them while a run goes on; dbt writes results of an interrupted one as if it had ended there.
_INTERRUPTED = "interrupted"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class NodeFailure:
    """One dbt node that failed: its name, its kind, and one line that says why."""

    node: str
    kind: str
    message: str
    rows: int | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.node}: {self.message}"


@dataclass(frozen=True)
class DbtOutcome:
    """How a dbt run ended: nodes done, failed and skipped, and seconds taken."""

    done: int
    skipped: int
    failures: list[NodeFailure]
    seconds: float
    warnings: list[NodeFailure] = field(default_factory=list)

    @property
    def success(self) -> bool:
        """Whether nothing failed."""
        return not self.failures


def run_dbt(
    project: DbtProject,
    paths: Paths,
    command: Sequence[str],
    progress: Progress = lambda done, total, node: None,
) -> DbtOutcome:
    """Run one dbt ``command`` (such as ``["build", "--full-refresh"]``) on ``project``.

    What dbt writes goes under the home folder, never into the project. ``progress`` is told the
    nodes done, the nodes in all and the node that just ended.

    Raises
    ------
    ProfilectlError
        If dbt ends before it runs any node: a project that does not parse, a bad selection, a
        warehouse that is locked.
    """
    started = time.monotonic()
    arguments = _prepared(project, paths, command)
    builds, mark = command[0] != "parse", paths.dbt_target / _INTERRUPTED
    if builds:
        mark.touch()
    try:
        with paths.exported():
            manifest = _manifest(project, arguments) if builds else None
            with _no_garbage_collection():
                outcome = _invoke(arguments, manifest, progress)
    finally:
        _release_warehouse()
    results = getattr(outcome.result, "results", None)
    if builds:
        mark.unlink(missing_ok=True)
    if results is None and not outcome.success:
        raise _failed_early(outcome.exception, paths)
    if results is not None and command[0] == "build" and "--no-write-json" in command:
        written: Any = outcome.result
        written.write(str(paths.dbt_target / RUN_RESULTS))
    return _summarise(results or [], time.monotonic() - started)


def _invoke(arguments: Sequence[str], manifest: Any = None, progress: Progress | None = None) -> Any:
    """Run dbt and return what it returns; an interrupt ends it, also one that dbt passes over.

    What reads dbt's files catches whatever is raised while it tries one way after the other.
    """
    from dbt.cli.main import dbtRunner  # slow to import: only where it is used

    with _noticing_interrupts() as was_interrupted:
        callbacks: list[Any] = [] if progress is None else [_Counter(progress, was_interrupted)]
        outcome = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(list(arguments))
    if was_interrupted() or isinstance(outcome.exception, KeyboardInterrupt):
        raise KeyboardInterrupt from outcome.exception
    return outcome


@contextmanager
def _noticing_interrupts() -> Iterator[Callable[[], bool]]:
    """Yield whether a signal came, beside what its handler does about it."""
    came: list[int] = []
    before: dict[int, Any] = {}

    def noted(number: int, frame: FrameType | None) -> None:
        came.append(number)
        before[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        for number in (int(signal.SIGINT), int(signal.SIGTERM)):
            if callable(handler := signal.getsignal(number)):
                before[number] = handler
                signal.signal(number, noted)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Keep Python from looking for cycles in here.

    What dbt makes lives to the end of its run; going through it again and again takes a second of a
    run of twenty and gives hardly anything back.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


#: The project that this process parsed last, and under which conditions: a process that watches parses once.
_parsed: dict[str, Any] = {}


def warm_up(project: DbtProject, paths: Paths, key: str) -> None:
    """Parse the project, once for all later runs of this process for as long as ``key`` stays the same.

    A project that cannot be parsed is parsed by each run anew, which says what is wrong with it.
    """
    if _parsed.get("key") != key:
        _parsed.clear()
        _parsed["key"] = key
        arguments = _prepared(project, paths, ["build"])
        try:
            with paths.exported():
                _manifest(project, arguments)
        finally:
            _release_warehouse()


def _prepared(project: DbtProject, paths: Paths, command: Sequence[str]) -> list[str]:
    """Make the folders that dbt writes to; return its arguments."""
    for folder in (paths.home, paths.temp, paths.dbt_logs, paths.dbt_target, paths.landing):
        private_folder(folder)
    arguments = ["--quiet", "--log-level", "none", "--log-path", str(paths.dbt_logs)]
    arguments += ["--no-send-anonymous-usage-stats", "--no-use-colors-file", *command]
    arguments += ["--project-dir", str(project.folder), "--profiles-dir", str(project.profiles)]
    return [*arguments, "--target-path", str(paths.dbt_target)]


def _manifest(project: DbtProject, arguments: Sequence[str]) -> Any:
    """Return the project as parsed before, if this process keeps it; else None, and dbt parses."""
    if "key" not in _parsed:
        return None
    if "manifest" not in _parsed:
        own = arguments[arguments.index("--project-dir") :]
        outcome = _invoke(["--quiet", "--log-level", "none", "parse", *own])
        if not outcome.success:
            return None  # the run itself will say what is wrong
        _parsed["manifest"] = outcome.result
    return _parsed["manifest"]


def load_manifest(project: DbtProject, paths: Paths) -> dict[str, Any]:
    """Return dbt's manifest of ``project``: the last one if nothing changed since, else a fresh parse."""
    file = paths.manifest
    if not file.is_file() or project.changed_at() > file.stat().st_mtime:
        run_dbt(project, paths, ["parse"])
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return manifest


class _Counter:
    """Counts finished nodes out of dbt's event stream; before the first one, ends an interrupted run."""

    def __init__(self, progress: Progress, was_interrupted: Callable[[], bool]) -> None:
        self.progress, self.was_interrupted = progress, was_interrupted
        self.done, self.total = 0, 0

    def __call__(self, event: Any) -> None:
        if event.info.name == "ConcurrencyLine":
            if self.was_interrupted():
                raise KeyboardInterrupt
            self.total = int(event.data.node_count)
            self.progress(0, self.total, "")
        elif event.info.name == "NodeFinished":
            self.done += 1
            self.progress(min(self.done, self.total), self.total, str(event.data.node_info.node_name))


def _release_warehouse() -> None:
    """Close the connection dbt-duckdb keeps for its process: nobody else could open the file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment: Any = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
        DuckDBConnectionManager._ENV = None


def _summarise(results: Sequence[Any], seconds: float) -> DbtOutcome:
    failures, warnings, done, skipped = [], [], 0, 0
    for result in results:
        status = str(getattr(result.status, "value", result.status))
        if status in {"error", "fail", "runtime error", "partial success"}:
            failures.append(_failure(result))
        elif status == "warn":
            warnings.append(_failure(result))
        elif status == "skipped":
            skipped += 1
        else:
            done += 1
    return DbtOutcome(done, skipped, failures, seconds, warnings)


def _failure(result: Any) -> NodeFailure:
    kind = str(getattr(result.node.resource_type, "value", result.node.resource_type))
    if kind == "test" and result.failures:
        rows = int(result.failures)
        return NodeFailure(result.node.name, kind, f"{rows:,} row{'s' * (rows != 1)} failed", rows)
    return NodeFailure(result.node.name, kind, one_line(str(result.message or "failed")))


def _failed_early(error: BaseException | None, paths: Paths) -> ProfilectlError:
    message = one_line(str(error)) if error else "dbt ended without a result"
    if LOCKED in message:
        return ProfilectlError(
            f"{paths.warehouse} is in use by another process",
            hint="wait for it or close it; readers should open the published file, which is never locked",
        )
    if "different configuration" in message:
        return ProfilectlError(
            f"dbt opens {paths.warehouse} with other options than the update that holds it",
            hint="in profiles.yml, give DuckDB's settings under `settings`, not under `config_options`",
        )
    return ProfilectlError(f"dbt could not start: {message}", hint=f"details: {paths.dbt_logs / 'dbt.log'}")


#: The first line of an error that dbt raises outside of a node.
_FRAME = re.compile(r"[\w ]+ Error")
_RAISED = re.compile(r"^([ ]*)Traceback \(most recent call last\):\n(?:\1 .*\n)*\1(\S.*)$", re.MULTILINE)


def one_line(text: str, limit: int = 300) -> str:
    """Return the sentence of a dbt error that says what is wrong, without its frame.

    Examples
    --------
    >>> one_line("Runtime Error in model a (models/a.sql)\\n  Parser Error: syntax error\\n  LINE 3: x")
    'Parser Error: syntax error'
    """
    raised = _RAISED.findall(text)
    if raised:  # a Python model: the exception stands below where it was raised
        text = raised[-1][1].removeprefix("profilectl_ml.errors.ProfilectlError: ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if " Error in " not in line and not _FRAME.fullmatch(line)]
    line = (telling or lines or ["failed"])[0]
    return line if len(line) <= limit else line[: limit - 1] + "…"


def last_run(paths: Paths) -> dict[str, Any] | None:
    """Return when the last dbt run of this home ended and how, or none."""
    file: Path = paths.dbt_target / RUN_RESULTS
    if not file.is_file():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    failed = [
        one["unique_id"] for one in found["results"] if one["status"] in {"error", "fail", "runtime error"}
    ]
    interrupted = (paths.dbt_target / _INTERRUPTED).exists()
    return {
        "finished_at": found["metadata"]["generated_at"],
        "seconds": round(float(found["elapsed_time"]), 1),
        "success": not failed and not interrupted,
        "failed": failed,
        "interrupted": interrupted,
    }

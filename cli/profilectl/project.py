"""Where everything is: the dbt project, the folder of generated things, and the settings.

The only module that reads ``PROFILECTL_*`` variables; every path it hands out is absolute.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from profilectl_ml.errors import ProfilectlError

PROJECT_FILE = "dbt_project.yml"
PROFILES_FILE = "profiles.yml"
#: The file of each published version, and the name that readers open.
PUBLISHED_FILE = "profiles.duckdb"
_SETTLE, _THREADS = "PROFILECTL_SETTLE_SECONDS", "PROFILECTL_THREADS"
LEAVE_OUT = ("target", "logs", "dbt_packages", "__pycache__", ".user.yml", "*.duckdb", "*.duckdb.wal")
_SOURCE_SUFFIXES = {".sql", ".yml", ".yaml", ".py", ".csv"}


@dataclass(frozen=True)
class Paths:
    """The absolute paths of one home folder, and the limits DuckDB works under."""

    home: Path
    landing: Path
    warehouse: Path
    memory_limit: str = "3.5GB"
    #: Nodes that dbt builds at once; none: one in a build, two in an update.
    dbt_threads: int | None = None
    duckdb_threads: str = "2"
    #: Of published files: the oldest that DuckDB still writes, because today's BI drivers read it.
    storage_version: str = "v1.0.0"
    keep_versions: int = 3
    #: A file is taken when it has lain untouched for so long: one that is still being written waits.
    settle_seconds: float = 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Paths:
        """Resolve the paths from ``PROFILECTL_*`` variables; the default home is ``./var``."""
        env = os.environ if environ is None else environ
        home = _folder("PROFILECTL_HOME", env.get("PROFILECTL_HOME") or "var")
        _check_day("PROFILECTL_AS_OF", env.get("PROFILECTL_AS_OF"))  # dbt reads it, and would not name it
        return cls(
            home=home,
            landing=_absolute(env.get("PROFILECTL_LANDING") or home / "landing"),
            warehouse=_folder(
                "PROFILECTL_WAREHOUSE", env.get("PROFILECTL_WAREHOUSE") or home / "warehouse.duckdb"
            ),
            memory_limit=env.get("PROFILECTL_MEMORY_LIMIT") or cls.memory_limit,
            dbt_threads=_count(_THREADS, env[_THREADS]) if env.get(_THREADS) else cls.dbt_threads,
            duckdb_threads=env.get("PROFILECTL_DUCKDB_THREADS") or cls.duckdb_threads,
            storage_version=env.get("PROFILECTL_STORAGE_VERSION") or cls.storage_version,
            keep_versions=_count("PROFILECTL_KEEP_VERSIONS", env.get("PROFILECTL_KEEP_VERSIONS") or "3"),
            settle_seconds=_seconds(_SETTLE, env.get(_SETTLE) or "0"),
        )

    @property
    def truth(self) -> Path:
        """The demo's truth: beside the landing folder, never inside it."""
        return self.home / "truth"

    @property
    def published(self) -> Path:
        """The name BI tools open: a symlink to the newest published version."""
        return self.home / "published" / PUBLISHED_FILE

    @property
    def versions(self) -> Path:
        """The folder of published versions."""
        return self.home / "published" / "versions"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.home / "report.html"

    @property
    def lock(self) -> Path:
        """Who writes the warehouse now; see :mod:`profilectl.locking`."""
        return self.home / ".lock"

    @property
    def temp(self) -> Path:
        """Where DuckDB spills."""
        return self.home / "tmp"

    @property
    def dbt_target(self) -> Path:
        """What dbt compiles and writes: kept out of the project folder."""
        return self.home / "dbt" / "target"

    @property
    def manifest(self) -> Path:
        """What dbt knows of the project, as of its last run in this home."""
        return self.dbt_target / "manifest.json"

    @property
    def dbt_logs(self) -> Path:
        """The log files of dbt."""
        return self.home / "dbt" / "logs"

    def as_environment(self) -> dict[str, str]:
        """Return the variables that hand these paths and limits to dbt."""
        return {
            "PROFILECTL_HOME": str(self.home),
            "PROFILECTL_LANDING": str(self.landing),
            "PROFILECTL_WAREHOUSE": str(self.warehouse),
            "PROFILECTL_MEMORY_LIMIT": self.memory_limit,
            _THREADS: str(self.dbt_threads or 1),
            "PROFILECTL_DUCKDB_THREADS": self.duckdb_threads,
            _SETTLE: str(self.settle_seconds),
        }

    @contextmanager
    def exported(self) -> Iterator[None]:
        """Set the variables while the block runs, and put the old ones back after."""
        wanted = self.as_environment()
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@dataclass(frozen=True)
class DbtProject:
    """A dbt project folder and the folder of the ``profiles.yml`` that goes with it."""

    folder: Path
    profiles: Path

    def sources(self) -> list[Path]:
        """Return what says what a build does: models, macros, seeds, declarations and the profile."""
        found = sorted(path for path in self._entries() if path.suffix in _SOURCE_SUFFIXES)
        return [*found, self.profiles / PROFILES_FILE]

    def changed_at(self) -> float:
        """Return when a file of it was last written, put there or taken away, whatever its own time says."""
        found = [path for path in self._entries() if path.is_dir() or path.suffix in _SOURCE_SUFFIXES]
        return max(path.stat().st_ctime for path in (self.folder, self.profiles / PROFILES_FILE, *found))

    def _entries(self) -> list[Path]:
        left_out = {name for name in LEAVE_OUT if "*" not in name}
        return [
            path for path in self.folder.rglob("*") if not left_out & set(path.relative_to(self.folder).parts)
        ]


def locate_project(folder: Path | None = None) -> DbtProject:
    """Find the dbt project: the option, ``PROFILECTL_PROJECT_DIR``, ``./dbt_project``, the checkout.

    Raises
    ------
    ProfilectlError
        If the folder named is no dbt project, or none is found; the copy inside the installed
        package does not count, because nothing may be written there.
    """
    named = folder or os.environ.get("PROFILECTL_PROJECT_DIR")
    if named:
        found = _absolute(named)
        if not (found / PROJECT_FILE).is_file():
            raise ProfilectlError(
                f"{found} is not a dbt project: it has no {PROJECT_FILE}",
                hint="name the folder that holds dbt_project.yml, or make one with: profilectl init DIR",
            )
        return _with_profiles(found)
    for candidate in (Path.cwd() / "dbt_project", Path.cwd(), _checkout()):
        if (candidate / PROJECT_FILE).is_file():
            return _with_profiles(candidate.resolve())
    raise ProfilectlError(
        f"no dbt project in {Path.cwd()}",
        hint="profilectl init my_profiles && cd my_profiles   (or name one with --project-dir)",
    )


def template_project() -> DbtProject:
    """Return the project that ``init`` copies: the one shipped in the wheel, else the checkout's."""
    packaged = Path(str(files("profilectl") / "dbt_project"))
    for candidate in (packaged, _checkout()):
        if (candidate / PROJECT_FILE).is_file():
            return _with_profiles(candidate)
    raise ProfilectlError(
        "this installation carries no dbt project", hint="reinstall: pip install --force-reinstall profilectl"
    )


def settings_of_results() -> dict[str, str | None]:
    """Return the settings that change what a build says; memory and threads change only how fast."""
    return {name: os.environ.get(name) for name in ("PROFILECTL_AS_OF", "PROFILECTL_TARGET")}


def _with_profiles(folder: Path) -> DbtProject:
    named = os.environ.get("DBT_PROFILES_DIR")
    choices = [Path(named)] if named else [folder.parent, folder, Path.cwd()]
    for profiles in choices:
        if (profiles / PROFILES_FILE).is_file():
            return DbtProject(folder, _absolute(profiles))
    raise ProfilectlError(
        f"no {PROFILES_FILE} beside {folder}",
        hint="copy profiles.yml next to the dbt project, or set DBT_PROFILES_DIR",
    )


def _checkout() -> Path:
    return Path(__file__).resolve().parents[2] / "dbt_project"


def _count(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ProfilectlError(f"{name} must be a whole number from 1, not {value!r}")
    return int(value)


def _check_day(name: str, value: str | None) -> None:
    try:
        date.fromisoformat(value or "2024-05-31")
    except ValueError:
        raise ProfilectlError(f"{name} must be a day such as 2024-05-31, not {value!r}") from None


def _seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise ProfilectlError(f"{name} must be a number of seconds from 0, not {value!r}")
    return seconds


def _folder(name: str, path: str | Path) -> Path:
    found = _absolute(path)
    if '"' in str(found):  # dbt's adapter writes it into statements as it is
        raise ProfilectlError(
            f"{name}: {found} has a double quote, which dbt cannot work with",
            hint="choose a path without one",
        )
    return found


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()

"""`profilectl init`: a project of one's own, copied out of the package."""

from __future__ import annotations

import shutil
from pathlib import Path

from profilectl.console import private_folder
from profilectl.project import LEAVE_OUT, PROFILES_FILE, template_project
from profilectl_ml.errors import ProfilectlError

README = """# User profiles

Made by `profilectl init`. `dbt_project/` is yours to change; `profiles.yml` says where the warehouse is.

    profilectl doctor      # is everything in place?
    profilectl build       # var/landing/<source>/<entity>/*.{csv,json,parquet} -> var/warehouse.duckdb
    profilectl train       # models and scores
    profilectl publish     # var/published/profiles.duckdb, for BI tools
    profilectl report      # var/report.html

`dbt build --project-dir dbt_project` does the same as `profilectl build`, and runs the unit tests.
Everything generated lies in `var/`; set `PROFILECTL_HOME` to have it elsewhere.
"""

IGNORE = """var/*
!var/.gitkeep
.venv/
dbt_project/target/
dbt_project/logs/
dbt_project/dbt_packages/
.user.yml
logs/
*.duckdb
*.duckdb.wal
"""


def init(folder: Path, *, force: bool = False) -> list[Path]:
    """Copy the dbt project, its profile, a README and a .gitignore into ``folder``, and make ``var/`` there.

    Returns
    -------
    list of Path
        What now lies in ``folder``.

    Raises
    ------
    ProfilectlError
        If ``folder`` is a file, or holds anything and ``force`` is not set.
    """
    if folder.exists() and not folder.is_dir():
        raise ProfilectlError(f"{folder} is a file", hint="name a new or an empty folder")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise ProfilectlError(
            f"{folder} is not empty", hint="name a new folder, or overwrite our files in it with --force"
        )
    template = template_project()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(
            template.folder,
            folder / "dbt_project",
            ignore=shutil.ignore_patterns(*LEAVE_OUT, PROFILES_FILE),
            copy_function=shutil.copyfile,
            dirs_exist_ok=True,
        )
        shutil.copyfile(template.profiles / PROFILES_FILE, folder / PROFILES_FILE)
        (folder / "README.md").write_text(README, encoding="utf-8")
        (folder / ".gitignore").write_text(IGNORE, encoding="utf-8")
        # dbt makes the warehouse's file, but no folder for it.
        (private_folder(folder / "var") / ".gitkeep").touch()
    except OSError as error:
        raise ProfilectlError(f"cannot write {error.filename or folder}: {error.strerror}") from error
    return [folder / name for name in ("dbt_project", PROFILES_FILE, "README.md", ".gitignore", "var")]

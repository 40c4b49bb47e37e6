"""A small warehouse with the marts of the contract, made with DuckDB alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from profilectl.project import DbtProject, Paths, locate_project

PROFILES = Path(__file__).parents[2] / "profiles.yml"
SQL = Path(__file__).with_name("small_warehouse.sql")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """An empty home folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("LANDING", "WAREHOUSE", "AS_OF", "PROJECT_DIR"):
        monkeypatch.delenv(f"PROFILECTL_{name}", raising=False)
    monkeypatch.setenv("PROFILECTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    return Paths.from_environment()


def make_warehouse(paths: Paths, *, with_model: bool = True) -> None:
    paths.home.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute(SQL.read_text())
        if not with_model:
            for name in ("scores", "runs", "metrics", "models", "feature_importance", "test_predictions"):
                connection.execute(f"delete from ml.{name}")


@pytest.fixture
def small_warehouse(paths: Paths) -> Paths:
    """A home with 200 users, five sources, one trained task."""
    make_warehouse(paths)
    return paths


@pytest.fixture
def warehouse_without_model(paths: Paths) -> Paths:
    """The same before any training: the ml tables are there and empty."""
    make_warehouse(paths, with_model=False)
    return paths


@pytest.fixture
def project(paths: Paths, tmp_path: Path) -> DbtProject:
    """A dbt project of three models and a test: one model and the test fail."""
    folder = tmp_path / "dbt_project"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: tiny\nversion: '1.0.0'\nprofile: user_profiles\n")
    (folder / "models" / "good.sql").write_text("select 1 as a union all select 2")
    (folder / "models" / "good.yml").write_text(
        "models:\n  - name: good\n    columns:\n      - name: a\n        data_tests:\n"
        "          - accepted_values: {arguments: {values: [3]}}\n"
    )
    (folder / "models" / "bad.sql").write_text("select no_such_column from (select 1 as a)")
    (folder / "models" / "after_bad.sql").write_text("select * from {{ ref('bad') }}")
    (folder / "profiles.yml").write_text(PROFILES.read_text())
    return locate_project(folder)

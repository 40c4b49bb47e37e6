"""Warehouses that several tests read, each built once for all worker processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bad_input
import pytest
from typer.testing import CliRunner

from dbt_home import Built, Home, one_at_a_time, statuses_in
from profilectl.app import app


@pytest.fixture
def call(home: Home, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line on the home that the test module builds."""
    for name, value in (home.environment | {"COLUMNS": "200"}).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="session")
def bad_input_built(shared: Path, manifest: Any) -> Built:
    """One full build of a landing folder with every case of the table in it."""
    with one_at_a_time(shared / "bad_input") as folder:
        home = Home(folder, manifest)
        if (home.target / "run_results.json").is_file():
            return Built(home.warehouse, statuses_in(home.target))
        for case in bad_input.CASES:
            home.land(case.file, case.content)
        for entity, column, stem, dates in (
            (bad_input.SHOP, "transaction_timestamp", "utc", bad_input.DATES_AS_UTC),
            (bad_input.CONTACTS, "contacted_at", "local", bad_input.DATES_IN_NEW_YORK),
        ):
            home.land(f"{entity}/dates.csv", bad_input.dates_file(entity, column, stem, dates))
        home.land("shop/products/products.jsonl", json.dumps({"product_id": "p1", "department": "GROCERY"}))
        return home.build()

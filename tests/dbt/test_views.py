"""A view is made anew when it or what it reads changed, and then what reads it is rebuilt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import Home

RUN = ("run", "--select", "+int_identity_evidence")
LEFT_ALONE = "select comment from duckdb_views() where view_name = 'int_sightings'"
EPOCH = "select epoch from ops.model_state where model = ?"
STATE = "update ops.model_state set"
#: What the last build is made to have seen, and whether what reads the view is rebuilt for it.
CHANGES = {
    "nothing": [],
    "a table that it reads": [f"{STATE} epoch = 'another' where model = 'stg_crm__customers'"],
    "its text": [
        f"{STATE} parents = replace(parents, 'int_sightings=' || epoch.now, 'int_sightings=another') from"
        " (select epoch as now from ops.model_state where model = 'int_sightings') as epoch",
        f"{STATE} definition = 'another', epoch = 'another' where model = 'int_sightings'",
    ],
}


@pytest.mark.parametrize("changed", CHANGES)
def test_a_view_follows_only_its_own_change(tmp_path: Path, manifest: Any, changed: str) -> None:
    home = Home(tmp_path, manifest)
    before = home.dbt(*RUN).value(EPOCH, ["int_identity_evidence"])
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("comment on view intermediate.int_sightings is 'as it was'")
        for statement in CHANGES[changed]:
            connection.execute(statement)
    built = home.dbt(*RUN)
    assert built.failed == set()
    assert (built.value(LEFT_ALONE) == "as it was") is (changed == "nothing")
    assert (built.value(EPOCH, ["int_identity_evidence"]) == before) is (changed == "nothing")

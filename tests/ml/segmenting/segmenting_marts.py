"""Small marts of users who behave in two or three known ways."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd

WAYS = {"regulars": (30.0, 900.0, 0.1), "bargains": (6.0, 80.0, 0.6), "gone": (0.2, 5.0, 0.1)}

MakeMart = Callable[[pd.DataFrame], duckdb.DuckDBPyConnection]


def people(ways: tuple[str, ...] = tuple(WAYS), users: int = 80, seed: int = 5) -> pd.DataFrame:
    """``users`` of each way, with the way in a column that no task reads."""
    rng = np.random.default_rng(seed)
    frames = []
    for way in ways:
        baskets, spend, discount = WAYS[way]
        frames.append(
            pd.DataFrame(
                {
                    "user_id": [f"{way}-{i:03d}" for i in range(users)],
                    "as_of": pd.Timestamp("2017-12-31"),
                    "baskets_84d": baskets * rng.lognormal(0, 0.15, users),
                    "spend_84d": spend * rng.lognormal(0, 0.15, users),
                    "discount_share": np.clip(discount + rng.normal(0, 0.03, users), 0, 1),
                    "way": way,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def put(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> None:
    """Make ``marts.user_features`` hold ``frame``, in its order."""
    connection.register("frame", frame)
    connection.execute("create schema if not exists marts")
    connection.execute(
        "create or replace table marts.user_features as"
        " select * replace (cast(as_of as date) as as_of, cast(user_id as varchar) as user_id) from frame"
    )
    connection.unregister("frame")


def segments(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Every user's segment."""
    found = connection.execute("select user_id, segment from ml.segments order by user_id").fetchall()
    assert len(found) == len(dict(found))
    return dict(found)

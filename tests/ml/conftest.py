"""Tiny synthetic marts: spend that persists, so that the past tells something about the future."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from profilectl_ml.tasks import Level, Task

LAST = date(2017, 12, 3)

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a few hundred rows take minutes on busy cores."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def spend_task() -> Task:
    return Task(
        name="spend_next_28d",
        kind="regression",
        label="label_spend_next_28d",
        horizon_days=28,
        entity="user_id",
        examples=("marts", "training_examples"),
        features=("marts", "user_features"),
        candidates=("linear", "ridge"),
        metric="mse",
        baseline=Level("spend_84d", 1 / 3),
        population="has_purchase",
        level=Level("spend_ewma_8w", 1.0),
        minimum=0.0,
        seed=7,
        path="models/marts/ml_tasks.yml",
    )


@pytest.fixture
def quick_task(spend_task: Task) -> Task:
    return replace(spend_task, candidates=("ridge",))


def synthetic_examples(users: int, cutoffs: int, label: str) -> pd.DataFrame:
    """Users with a level; what is seen of it is noisy, and `visits` tells more than the baseline knows."""
    rng = np.random.default_rng(3)
    level = rng.gamma(2.0, 60.0, users)
    frames = []
    for step in range(cutoffs):
        seen = np.clip(level + rng.normal(0, 40, users), 0, None)
        visits = level / 20 + rng.normal(0, 0.5, users)
        spend = {
            "signal": np.clip(level + rng.normal(0, 30, users), 0, None),
            "baseline": seen * 3 * (1 / 3),
            "constant": np.full(users, 5.0),
        }[label]
        frames.append(
            pd.DataFrame(
                {
                    "user_id": [f"u{i:04d}" for i in range(users)],
                    "cutoff": LAST - timedelta(days=28 * step),
                    "has_purchase": True,
                    "spend_84d": seen * 3,
                    "spend_ewma_8w": seen,
                    "visits": visits,
                    "gap_mean_days": np.where(rng.random(users) < 0.2, np.nan, rng.random(users)),
                    "always_one": 1.0,
                    "age_band": np.where(rng.random(users) < 0.3, None, "35-44"),
                    "home": rng.choice(["owner", "renter"], users),
                    "label_spend_next_28d": spend,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def make_marts() -> MakeMarts:
    def make(
        users: int = 120, cutoffs: int = 5, label: str = "signal", order: str = "1"
    ) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute("create schema marts")
        connection.register("frame", synthetic_examples(users, cutoffs, label))
        connection.execute(f"create table marts.training_examples as select * from frame order by {order}")
        connection.execute(
            "create table marts.user_features as select * exclude (cutoff, label_spend_next_28d),"
            " cutoff + 28 as as_of from marts.training_examples where cutoff = ?",
            [LAST],
        )
        connection.execute(
            "insert into marts.user_features by name select 'never_bought' as user_id, false as has_purchase,"
            " 0 as spend_84d, 0 as spend_ewma_8w, date '2017-12-31' as as_of"
        )
        connection.unregister("frame")
        return connection

    return make

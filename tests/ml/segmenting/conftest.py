"""Fixtures for clusterings of small marts."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from segmenting_marts import MakeMart, put

from profilectl_ml.segmenting.features import Feature
from profilectl_ml.segmenting.task import ClusteringTask


@pytest.fixture
def make_mart() -> MakeMart:
    def make(frame: pd.DataFrame) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        put(connection, frame)
        return connection

    return make


@pytest.fixture
def task() -> ClusteringTask:
    return ClusteringTask(
        name="audience_segments",
        features=("marts", "user_features"),
        entity="user_id",
        columns=(
            Feature("baskets_84d", "log", "buys often", "buys seldom", "baskets in 84 days"),
            Feature("spend_84d", "log", "spends much", "spends little", "spent in 84 days"),
            Feature("discount_share", "none", "likes discounts", "pays full prices"),
        ),
        value="spend_84d",
        most_k=5,
        seed=7,
        path="models/marts/ml_tasks.yml",
    )

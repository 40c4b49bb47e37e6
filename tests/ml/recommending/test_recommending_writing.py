"""Writing recommendations: in parts, so that memory does not grow with the users, and the same rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from profilectl_ml.recommending import writing
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.transactions import transaction

USERS, ITEMS, K = 40_000, 500, 10


@pytest.fixture
def history(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A warehouse with what a serving history leaves: every user had two items."""
    connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    connection.execute("set threads = 1")
    connection.execute("create schema marts")
    connection.execute(
        "create table marts.dim_items as select 'item ' || i as item_id, 'thing ' || i as subcategory"
        f" from range({ITEMS}) as t(i)"
    )
    connection.execute(
        "create temp table recommending_items as select item_id as item, row_number() over () - 1 as item_no"
        " from marts.dim_items"
    )
    connection.execute(
        "create temp table recommending_users as select printf('%06d', i) || md5(i::varchar) as user_id,"
        f" i::integer as user_no from range({USERS}) as t(i)"
    )
    connection.execute(
        "create temp table recommending_past as select user_no,"
        " unnest([user_no % 9, user_no % 7 + 9])::integer as item_no from recommending_users"
    )
    connection.execute("create temp table recommending_events as select user_id from recommending_users")
    return connection


def found() -> pa.Table:
    rng = np.random.default_rng(1)
    user, rank = np.repeat(np.arange(USERS), K), np.tile(np.arange(1, K + 1), USERS)
    because = pa.array(rng.integers(0, ITEMS, USERS * K), pa.int32(), mask=rng.random(USERS * K) < 0.3)
    return pa.table(
        {
            "user_no": pa.array(user, pa.int32()),
            "rank": pa.array(rank, pa.int32()),
            "item_no": pa.array((user + 7 * rank) % ITEMS, pa.int32()),
            "score": 1.0 / rank,
            "because_no": because,
            "times": rng.integers(0, 3, USERS * K).astype(float),
        }
    )


def write(connection: duckdb.DuckDBPyConnection, task: RecommendationTask) -> int:
    with transaction(connection):
        create_ml_tables(connection)
        at = datetime(2024, 7, 1)
        return writing.replace_recommendations(connection, task, found(), "model", at, date(2024, 7, 1))


def written(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    return connection.execute("select * exclude (recommended_at) from ml.recommendations").to_arrow_table()


def test_parts_are_the_whole_in_the_same_order(
    history: duckdb.DuckDBPyConnection, shop_task: RecommendationTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, parts = replace(shop_task, users=None), []
    for rows in (10 * USERS * K, 12_345):
        monkeypatch.setattr(writing, "_PART_ROWS", rows)
        assert write(history, task) == USERS
        parts.append(written(history))
    assert parts[0].equals(parts[1])


def test_memory_does_not_grow_with_the_users(
    history: duckdb.DuckDBPyConnection, shop_task: RecommendationTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.execute("set memory_limit = '28MB'")
    monkeypatch.setattr(writing, "_PART_ROWS", 20_000)
    assert write(history, replace(shop_task, users=None)) == USERS


def test_a_part_that_fails_leaves_what_was(
    history: duckdb.DuckDBPyConnection, shop_task: RecommendationTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, write_part, calls = replace(shop_task, users=None), writing._write_part, []
    write(history, task)
    before = written(history)

    def third_fails(*arguments: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise duckdb.OutOfMemoryException("full")
        write_part(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "_PART_ROWS", 50_000)
    monkeypatch.setattr(writing, "_write_part", third_fails)
    with pytest.raises(duckdb.OutOfMemoryException):
        write(history, task)
    assert written(history).equals(before)

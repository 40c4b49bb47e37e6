"""Reasons of every user's score as rows of ``ml.score_reasons``."""

from __future__ import annotations

from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from profilectl_ml.explaining.explainer import Explainer
from profilectl_ml.gone import users_of
from profilectl_ml.layout import Layout
from profilectl_ml.scoring import member_batches
from profilectl_ml.sql import quote_literal
from profilectl_ml.tasks import Task
from profilectl_ml.watermarks import later_than


def write_reasons(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    layout: Layout,
    explainer: Explainer,
    baseline: Explainer,
    *,
    model_id: str,
    top: int = 3,
    everyone: tuple[str, ...] | None = None,
) -> int:
    """Replace the task's rows of ``ml.score_reasons`` and return how many there are. Call in a transaction.

    Batches go back into the warehouse as they come, so that memory does not grow with the users. Features
    that did not move a score at all are left out.

    Parameters
    ----------
    explainer, baseline
        Of the serving model, and of the baseline that scores users outside the task's population.
    top
        How many features per user, the strongest first.
    everyone
        Where ``task.features`` holds some users only: all of them. The others keep their reasons.
    """
    at = later_than(connection, "score_reasons", "explained_at")
    for these in _those(task, everyone):
        connection.execute(f"delete from ml.score_reasons where task = ?{these}", [task.name])
    connection.register("named_features", _features(layout))
    connection.execute(
        "create or replace temp table new_reasons (user_id varchar, rank bigint, place bigint, number double,"
        " contribution double, method varchar)"
    )
    try:
        for users, _, member, matrix in member_batches(connection, task, layout):
            for one, rows in ((explainer, member), (baseline, ~member)):
                if not rows.any():
                    continue
                reasons = _long(one, users.filter(pa.array(rows)), matrix[rows], top)
                # Not by `register`: a transaction keeps every view it made, and so every batch, to its end.
                connection.from_arrow(reasons).insert_into("temp.new_reasons")
        return _insert(connection, task.name, model_id, at)
    finally:
        connection.execute("drop table if exists temp.new_reasons")
        connection.unregister("named_features")


def _those(task: Task, everyone: tuple[str, ...] | None) -> list[str]:
    """Return conditions of rows to delete: all, or those of the users to explain, then of users who went."""
    if everyone is None:
        return [""]
    went = (
        f"select user_id from ml.score_reasons where task = {quote_literal(task.name)} and rank = 1"
        f" and user_id not in ({users_of(everyone, task.entity)})"
    )
    return [f" and user_id in ({users_of(task.features, task.entity)})", f" and user_id in ({went})"]


def _long(explainer: Explainer, users: pa.Array, matrix: np.ndarray, top: int) -> pa.Table:
    found = explainer.reasons(matrix, top)
    row, rank = np.nonzero(found.contribution)
    feature = found.feature[row, rank]
    return pa.table(
        {
            "user_id": users.take(pa.array(row)),
            "rank": rank + 1,
            "place": feature,
            "number": pa.array(matrix[row, feature], from_pandas=True),  # NaN: missing
            "contribution": found.contribution[row, rank],
            "method": pa.array([explainer.method] * len(row), type=pa.string()),
        }
    )


def _features(layout: Layout) -> pa.Table:
    categories = [layout.vocabularies.get(name) for name in layout.names]
    return pa.table(
        {
            "place": pa.array(range(len(layout.names)), type=pa.int64()),
            "feature": pa.array(layout.names, type=pa.string()),
            "categories": pa.array(categories, type=pa.list_(pa.string())),
        }
    )


def _insert(connection: duckdb.DuckDBPyConnection, task: str, model_id: str, at: datetime) -> int:
    shown = (
        "case when number is null then null"
        " when categories is not null then coalesce(categories[number::bigint + 1], 'other')"
        " when number = trunc(number) and abs(number) < 1e15 then number::bigint::varchar"
        " else printf('%.6g', number) end"
    )
    made = connection.execute(
        "insert into ml.score_reasons"
        " (user_id, task, rank, feature, value, contribution, method, model_id, explained_at)"
        f" select user_id, ?, rank, feature, {shown}, contribution, method, ?, ?"
        " from temp.new_reasons join named_features using (place)",
        [task, model_id, at],
    ).fetchall()
    return int(made[0][0])

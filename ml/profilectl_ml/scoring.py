"""Scores for everyone in the features mart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from profilectl_ml.data import check_features
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout
from profilectl_ml.predicting import predict_bounded
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.tasks import Task

_BATCH_ROWS = 50_000


def score_users(
    connection: duckdb.DuckDBPyConnection, task: Task, estimator: Any, baseline: Any, layout: Layout
) -> pa.Table:
    """Return ``user_id, as_of, score`` of every user, read in batches so that memory stays flat.

    Users outside the task's population (who never bought, say) were not learnt from: they get the
    baseline's prediction.

    Raises
    ------
    ProfilectlError
        If the features mart or one of the model's columns is missing.
    """
    check_features(connection, task, layout)
    names = ", ".join(quote_identifier(name) for name in layout.names)
    entity = quote_identifier(task.entity)
    as_of = quote_identifier(task.as_of) if task.as_of else "current_date"
    population = quote_identifier(task.population) if task.population else "true"
    query = (
        f"select {entity}::varchar as user_id, {as_of} as as_of,"
        f" coalesce({population}, false) as is_member, {names}"
        f" from {quote_relation(*task.features)} order by {entity}"
    )
    parts = []
    for batch in connection.cursor().execute(query).to_arrow_reader(_BATCH_ROWS):
        matrix = layout.matrix(batch)
        member = batch.column("is_member").to_numpy(zero_copy_only=False)
        scores = predict_bounded(baseline, matrix, task.minimum) if len(matrix) else np.empty(0)
        if member.any():
            scores[member] = predict_bounded(estimator, matrix[member], task.minimum)
        parts.append(
            pa.table(
                {
                    "user_id": batch.column("user_id"),
                    "as_of": batch.column("as_of"),
                    "score": pa.array(scores),
                }
            )
        )
    if not parts:
        raise ProfilectlError(f"{'.'.join(task.features)} holds no users to score")
    return pa.concat_tables(parts)


def replace_scores(
    connection: duckdb.DuckDBPyConnection, task: str, scores: pa.Table, model_id: str, scored_at: datetime
) -> None:
    """Replace the task's rows of ``ml.scores``. Call inside a transaction.

    The percentile says which share of users (0 to 100) scores at most as high.
    """
    connection.execute("delete from ml.scores where task = ?", [task])
    connection.register("new_scores", scores)
    try:
        connection.execute(
            "insert into ml.scores (user_id, task, score, percentile, model_id, scored_at, as_of)"
            " select user_id, ?, score, 100 * cume_dist() over (order by score), ?, ?, as_of"
            " from new_scores order by user_id",
            [task, model_id, scored_at],
        )
    finally:
        connection.unregister("new_scores")

"""Scores for everyone in the features mart: by SQL inside the warehouse, or in Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profilectl_ml.compiling import NotCompilable, compile_choice, compile_model, long_expressions
from profilectl_ml.data import check_features
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.gone import delete_gone, users_of
from profilectl_ml.layout import Layout
from profilectl_ml.predicting import predict_bounded
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.tasks import Task
from profilectl_ml.watermarks import later_than

_BATCH_ROWS = 50_000


class Members(NamedTuple):
    """Some rows of the features mart.

    Attributes
    ----------
    users, as_of
        Ids and days, as views of the batch they were read in.
    member
        Whether each is in the task's population, shape ``(rows,)``.
    matrix
        Their features, shape ``(rows, features)``.
    """

    users: pa.Array
    as_of: pa.Array
    member: NDArray[np.bool_]
    matrix: NDArray[np.float64]


def scoring_statement(task: Task, estimator: Any, baseline: Any, layout: Layout) -> str:
    """Return ``select user_id, as_of, score`` of every user as one statement over the features mart.

    Users outside the task's population get the baseline's prediction. The text depends on nothing but the
    models, so it can be stored, and run where no Python model can be loaded.

    Raises
    ------
    NotCompilable
        If a model has no translation, or a too long one, or the features are a file; the message says why.
    """
    if task.source:
        raise NotCompilable(f"{task.source} is a file, which only this connection sees")
    keys = [("user_id", f"cast({quote_identifier(task.entity)} as varchar)"), ("as_of", _as_of(task))]
    if task.population is None:
        compiled = compile_model(estimator, layout, minimum=task.minimum)
    else:
        compiled = compile_choice(estimator, baseline, task.population, layout, minimum=task.minimum)
    return compiled.select(quote_relation(*task.features), keys)


def write_scores(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    estimator: Any,
    baseline: Any,
    layout: Layout,
    *,
    model_id: str,
    scored_at: datetime,
    statement: str | None = None,
    everyone: tuple[str, ...] | None = None,
) -> int:
    """Replace the task's rows of ``ml.scores`` and return their number. Call inside a transaction.

    Memory does not grow with the users: either nothing leaves the warehouse, or batches go back into it.

    Parameters
    ----------
    statement
        What ``scoring_statement`` returned for these models; without it they predict in batches.
    everyone
        Where ``task.features`` holds some users only: all of them. The others keep their scores, and the
        percentile that these had when they were made.

    Raises
    ------
    ProfilectlError
        If the features mart or a column is missing, it holds nobody, or a score is not a finite number.
    """
    check_features(connection, task, layout)
    if statement is not None:
        with long_expressions(connection):
            _replace(connection, task, f"({statement})", model_id, scored_at, everyone)
    else:
        connection.execute(
            "create or replace temp table new_scores (user_id varchar, as_of date, score double)"
        )
        try:
            for scores in _batches(connection, task, estimator, baseline, layout):
                # Not by `register`: a transaction keeps every view it made, and so every batch, to its end.
                connection.from_arrow(scores).insert_into("temp.new_scores")
            _replace(connection, task, "temp.new_scores", model_id, scored_at, everyone)
        finally:
            connection.execute("drop table if exists temp.new_scores")
    users, wrong = connection.execute(
        "select count(*), count(*) filter (score is null or not isfinite(score)) from ml.scores"
        " where task = ?",
        [task.name],
    ).fetchall()[0]
    if not users:
        raise ProfilectlError(f"{task.called(task.features)} holds no users to score")
    if wrong:
        raise ProfilectlError(
            f"task {task.name}: the model gave {wrong} of {users} users a score that is not a finite number",
            hint="train again",
        )
    return int(users)


def score_users(
    connection: duckdb.DuckDBPyConnection, task: Task, estimator: Any, baseline: Any, layout: Layout
) -> pa.Table:
    """Return ``user_id, as_of, score`` of every user in one table, ordered by user.

    Users outside the task's population (who never bought, say) were not learnt from: they get the
    baseline's prediction.

    Raises
    ------
    ProfilectlError
        If the features mart or one of the model's columns is missing.
    """
    check_features(connection, task, layout)
    parts = list(_batches(connection, task, estimator, baseline, layout))
    if not parts:
        raise ProfilectlError(f"{task.called(task.features)} holds no users to score")
    return pa.concat_tables(parts).sort_by("user_id")


def _replace(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    source: str,
    model_id: str,
    scored_at: datetime,
    everyone: tuple[str, ...] | None,
) -> None:
    # The dbt macro `rescored` does the same with a stored statement.
    connection.execute(
        f"create or replace temp table scored_now as select user_id, score, as_of from {source}"
    )
    scored_at = max(scored_at, later_than(connection, "scores", "scored_at"))
    these = "" if everyone is None else " and user_id in (select user_id from temp.scored_now)"
    connection.execute(f"delete from ml.scores where task = ?{these}", [task.name])
    if everyone is not None:
        delete_gone(connection, "scores", task.name, users_of(everyone, task.entity), "temp.scored_now")
    # Percentiles of numbers alone: sorting names beside them takes as long again.
    ranked = (
        "select score, is_now, 100 * cume_dist() over (order by score) as percentile from"
        " (select score, true as is_now from temp.scored_now union all"
        " select score, false from ml.scores where task = $task) as everyone"
    )
    connection.execute(
        "insert into ml.scores (user_id, task, score, percentile, model_id, scored_at, as_of)"
        " select scored_now.user_id, $task, scored_now.score, ranked.percentile, $model, $at,"
        " scored_now.as_of from temp.scored_now as scored_now inner join"
        f" (select distinct score, percentile from ({ranked}) as placed where is_now) as ranked"
        " on scored_now.score is not distinct from ranked.score",
        {"task": task.name, "model": model_id, "at": scored_at},
    )
    connection.execute("drop table temp.scored_now")


def member_batches(connection: duckdb.DuckDBPyConnection, task: Task, layout: Layout) -> Iterator[Members]:
    """Yield the features mart in batches."""
    names = ", ".join(quote_identifier(name) for name in layout.names)
    population = quote_identifier(task.population) if task.population else "true"
    # Names that no column of a mart has: a feature may be called anything else.
    query = (
        f"select {quote_identifier(task.entity)}::varchar as __user_id, {_as_of(task)} as __as_of,"
        f" coalesce({population}, false) as __is_member, {names} from {quote_relation(*task.features)}"
    )
    for batch in _streamed(connection, query):
        if batch.num_rows:
            member = batch.column("__is_member").to_numpy(zero_copy_only=False)
            yield Members(batch.column("__user_id"), batch.column("__as_of"), member, layout.matrix(batch))


def _streamed(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    # Reading on a connection of its own leaves the given one free to write the results batch by batch.
    try:
        reader = connection.cursor().execute(query).to_arrow_reader(_BATCH_ROWS)
    except duckdb.CatalogException:
        # A view of the given connection alone (a file) is not seen from another one: its rows are held.
        yield from connection.execute(query).to_arrow_table().to_batches(_BATCH_ROWS)
        return
    yield from reader


def _batches(
    connection: duckdb.DuckDBPyConnection, task: Task, estimator: Any, baseline: Any, layout: Layout
) -> Iterator[pa.Table]:
    for users, as_of, member, matrix in member_batches(connection, task, layout):
        scores = np.empty(len(matrix))
        for model, rows in ((estimator, member), (baseline, ~member)):
            if rows.any():
                scores[rows] = predict_bounded(model, matrix[rows], task.minimum)
        # Copies: a single column that is kept would keep the whole batch with all its features.
        every = pa.array(np.arange(len(matrix)))
        yield pa.table({"user_id": users.take(every), "as_of": as_of.take(every), "score": pa.array(scores)})


def _as_of(task: Task) -> str:
    return quote_identifier(task.as_of) if task.as_of else "current_date"

"""Scores, reasons, segments and recommendations brought up to date: only for whom something changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import groupby

import duckdb

from profilectl_ml import promotion
from profilectl_ml.data import check_features
from profilectl_ml.errors import in_one_line
from profilectl_ml.registry import LoadedModel, load
from profilectl_ml.scoring import write_scores
from profilectl_ml.segmenting.serving import reassign_some
from profilectl_ml.serving import explain_some
from profilectl_ml.sql import quote_relation
from profilectl_ml.standing import Standing, standings
from profilectl_ml.tasks import Task, from_details
from profilectl_ml.transactions import transaction
from profilectl_ml.watermarks import MOST_TOUCHED, SCORES, TOUCHED, record, touched, utc_now

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Refreshed:
    """What was done for one task: for how many users, and why for so many.

    Attributes
    ----------
    error
        Why the model cannot score any more, if it cannot: its users keep what they had.
    """

    task: str
    model_id: str
    users: int
    why: str
    error: str | None = None


def refresh(
    connection: duckdb.DuckDBPyConnection, progress: Progress = lambda share, what: None
) -> list[Refreshed]:
    """Bring what the serving models gave users up to date with the features; each task in one transaction.

    A model that cannot score any more holds up no other one.

    Parameters
    ----------
    connection
        A warehouse opened for writing, outside a transaction.
    """
    done: list[Refreshed] = []
    waiting = [one for one in standings(connection) if not one.is_current]
    for (features, through), alike in groupby(waiting, lambda one: (one.features, one.through)):
        # models that follow the same features have mostly come equally far
        kept = nullcontext(0) if through is None else touched(connection, features, through)
        with kept as users:
            for one in alike:
                progress(len(done) / len(waiting), f"scoring {one.task}")
                done.append(_refresh(connection, one, users))
    return done


def _refresh(connection: duckdb.DuckDBPyConnection, one: Standing, users: int) -> Refreshed:
    try:
        return _refreshed(connection, one, users)
    except Exception as error:  # whatever it is, it must not keep what was built from readers
        return Refreshed(one.task, one.model_id, 0, one.why, in_one_line(error))


def _refreshed(connection: duckdb.DuckDBPyConnection, one: Standing, users: int) -> Refreshed:
    if one.through is None:
        return _everyone(connection, one, one.why)
    if users > MOST_TOUCHED:
        return _everyone(connection, one, f"the features of {users:,} users changed")
    model = load(connection, one.model_id)
    with transaction(connection):
        if one.kind == "clustering":
            reassign_some(connection, model, TOUCHED, utc_now())
        else:
            _score_some(connection, model, one)
    return Refreshed(one.task, one.model_id, users, "their features changed")


def _everyone(connection: duckdb.DuckDBPyConnection, one: Standing, why: str) -> Refreshed:
    return Refreshed(one.task, one.model_id, promotion.rescore(connection, one.task).users, why)


def _score_some(connection: duckdb.DuckDBPyConnection, model: LoadedModel, one: Standing) -> None:
    """Score and explain the users of ``TOUCHED``."""
    task: Task = from_details(model.details["task"])
    # Here, where what lacks a column has the name that people know.
    check_features(connection, task, model.layout)
    part, model_id = replace(task, features=TOUCHED), model.stored.model_id
    if not one.marks[SCORES].is_current:
        write_scores(
            connection,
            part,
            model.estimator,
            model.baseline,
            model.layout,
            model_id=model_id,
            scored_at=utc_now(),
            statement=_statement(connection, model_id, task.features),
            everyone=task.features,
        )
        record(connection, task.name, SCORES, model_id, task.features)
    explain_some(connection, part, model_id, task.features)


def _statement(connection: duckdb.DuckDBPyConnection, model_id: str, features: tuple[str, ...]) -> str | None:
    """Return the stored statement, reading ``TOUCHED`` where it reads the features mart."""
    ((text,),) = connection.execute(
        "select scoring_sql from ml.models where model_id = ?", [model_id]
    ).fetchall()
    return None if text is None else str(text).replace(quote_relation(*features), quote_relation(*TOUCHED))

"""Letting another stored model serve: its scores and the change itself in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.kinds import KINDS
from profilectl_ml.registry import (
    LoadedModel,
    StoredModel,
    list_models,
    load,
    serving_model,
    set_retired,
    set_serving,
)
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.sql import quote_relation
from profilectl_ml.transactions import transaction
from profilectl_ml.watermarks import utc_now

# What models give users, and how far that has come.
_GIVEN = ("scores", "score_reasons", "segments", "recommendations", "scored")
_NOBODY = ""


@dataclass(frozen=True)
class Change:
    """Who serves a task now (None: nobody), who did before, and how many users were scored anew."""

    task: str
    model_id: str | None
    before: str | None
    users: int


def promote(
    connection: duckdb.DuckDBPyConnection, model_id: str, *, reason: str = "by hand", event: str = "promoted"
) -> Change:
    """Let a stored model serve its task.

    Parameters
    ----------
    connection
        A warehouse opened for writing, outside a transaction.
    model_id
        A model of ``ml.models``.
    reason, event
        For the log in ``ml.promotions``.

    Raises
    ------
    ProfilectlError
        If there is no such model, its artefact is refused, or the features it reads are gone; then nothing
        changes.
    """
    model = load(connection, model_id)
    before = next((m.model_id for m in list_models(connection, model.stored.task) if m.serving), None)
    return Change(model.stored.task, model_id, before, _serve(connection, model, reason, event))


def rollback(connection: duckdb.DuckDBPyConnection, task: str, *, reason: str = "by hand") -> Change:
    """Let the model serve again that served before the present one, or before it was retired.

    Raises
    ------
    ProfilectlError
        If no other model has served this task, or that model cannot score any more.
    """
    listed = list_models(connection, task)
    if not listed:
        raise _never_trained(task)
    known = {m.model_id for m in listed}
    # The registry knows who serves: the log may end in a retirement that a rollback has undone.
    present = next((m.model_id for m in listed if m.serving), _NOBODY)
    earlier = [m for m in _served(connection, task)[:-1] if m in known and m != present]
    if not earlier:
        raise ProfilectlError(
            f"no model served task {task!r} before the present one",
            hint="profilectl models list shows the models; profilectl models promote lets another one serve",
        )
    return promote(connection, earlier[-1], reason=reason, event="rolled back")


def _served(connection: duckdb.DuckDBPyConnection, task: str) -> list[str]:
    """Return what served when; a rollback goes back to where its model served: a second one goes further."""
    log = connection.execute(
        "select model_id, event from ml.promotions where task = ? order by promoted_at, rowid", [task]
    ).fetchall()
    served: list[str] = []
    for model_id, event in log:
        if event == "rolled back":
            while served and served[-1] != model_id:
                served.pop()
        if event == "retired":
            served.append(_NOBODY)
        elif not served or served[-1] != model_id:
            served.append(model_id)
    return served


def retire(connection: duckdb.DuckDBPyConnection, task: str, *, reason: str = "by hand") -> Change:
    """Take the model of a task out of service, and what it gave users with it.

    Model, card and log stay, so that ``rollback`` lets it serve again.

    Raises
    ------
    ProfilectlError
        If no model serves the task.
    """
    before = serving_model_id(connection, task)
    with transaction(connection):
        create_ml_tables(connection)
        set_retired(connection, task, before, reason=reason, at=utc_now())
        for table in _GIVEN:
            connection.execute(f"delete from {quote_relation('ml', table)} where task = ?", [task])
    return Change(task, None, before, 0)


def rescore(connection: duckdb.DuckDBPyConnection, task: str) -> Change:
    """Score everyone anew with the model that serves.

    Raises
    ------
    ProfilectlError
        If the task was never trained, or the model cannot score any more.
    """
    model = serving_model(connection, task)
    return Change(task, model.stored.model_id, model.stored.model_id, _serve(connection, model, "", None))


def serving_model_id(connection: duckdb.DuckDBPyConnection, task: str) -> str:
    """Return the id of the model that serves a task; ProfilectlError if none does."""
    known = list_models(connection, task)
    found: list[StoredModel] = [m for m in known if m.serving]
    if not found:
        raise none_serves(task) if known else _never_trained(task)
    return found[0].model_id


def none_serves(task: str) -> ProfilectlError:
    """Return the error of a task whose model was retired."""
    return ProfilectlError(
        f"no model serves task {task!r}: it was retired",
        hint=f"let it serve again: profilectl models rollback {task}",
    )


def _never_trained(task: str) -> ProfilectlError:
    return ProfilectlError(f"no model serves task {task!r} yet", hint="train one: profilectl train")


def _serve(connection: duckdb.DuckDBPyConnection, model: LoadedModel, reason: str, event: str | None) -> int:
    stored, now = model.stored, utc_now()
    write = KINDS[stored.kind].prepare(connection, model)
    with transaction(connection):
        create_ml_tables(connection)
        if event is not None:
            set_serving(connection, stored, event=event, reason=reason, at=now)
        return write(now)

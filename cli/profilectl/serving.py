"""`profilectl score` and `profilectl models`: stored models, who serves, and changing it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import duckdb

from profilectl import facts
from profilectl.locking import only_writer
from profilectl.model_card import model_card
from profilectl.project import Paths
from profilectl.warehouse import connect
from profilectl_ml import promotion
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.registry import StoredModel, list_models

Progress = Callable[[float, str], None]
_SHOWN = 5


def score(paths: Paths, names: list[str], progress: Progress = lambda share, what: None) -> list[facts.Row]:
    """Score everyone anew with the models that serve the tasks ``names`` (all, if empty).

    What users get is a score, a segment or recommendations, by the kind of the task. A model that cannot
    score any more holds up no other one: its row has an ``error``, and its users keep what they had.

    Raises
    ------
    ProfilectlError
        If nothing was trained, or a name is no task.
    """
    with only_writer(paths, "profilectl score"), connect(paths, read_only=False) as connection:
        listed = list_models(connection)
        serving = {m.task: m for m in listed if m.serving}
        tasks = names or sorted(serving)
        if not tasks:
            raise ProfilectlError("no model serves yet", hint="train one: profilectl train")
        for name in tasks:
            if name not in serving and any(m.task == name for m in listed):
                raise promotion.none_serves(name)
            if name not in serving:
                raise ProfilectlError(
                    f"no model serves task {name!r}",
                    hint=f"tasks: {', '.join(sorted(serving)) or 'none yet'}",
                )
        changes = []
        for place, name in enumerate(tasks):
            progress(place / len(tasks), name)
            try:
                changes.append(asdict(promotion.rescore(connection, name)) | {"error": None})
            except ProfilectlError as error:
                model_id = serving[name].model_id
                kept = promotion.Change(name, model_id, model_id, 0)
                changes.append(asdict(kept) | {"error": error.message})
        return changes


def models(paths: Paths, task: str | None) -> list[facts.Row]:
    """Return the stored models, the newest first, each with the figure it was chosen by.

    Raises
    ------
    ProfilectlError
        If ``task`` was never trained.
    """
    with connect(paths) as connection:
        listed = list_models(connection) if task is None else _of_task(connection, task)
        return [_listed(connection, model) for model in listed]


def card(paths: Paths, name: str) -> dict[str, Any]:
    """Return the card of the model with this id, or of the one that serves the task of this name."""
    with connect(paths) as connection:
        return model_card(connection, find_model(connection, name).model_id)


def promote(paths: Paths, model_id: str, reason: str) -> facts.Row:
    """Let a stored model serve; see :func:`profilectl_ml.promotion.promote`."""
    with only_writer(paths, "profilectl models"), connect(paths, read_only=False) as connection:
        find_model(connection, model_id)
        return asdict(promotion.promote(connection, model_id, reason=reason))


def rollback(paths: Paths, task: str, reason: str) -> facts.Row:
    """Let the model serve again that did before; see :func:`profilectl_ml.promotion.rollback`."""
    with only_writer(paths, "profilectl models"), connect(paths, read_only=False) as connection:
        _of_task(connection, task)
        return asdict(promotion.rollback(connection, task, reason=reason))


def retire(paths: Paths, task: str, reason: str) -> facts.Row:
    """Take the model of a task out of service; see :func:`profilectl_ml.promotion.retire`."""
    with only_writer(paths, "profilectl models"), connect(paths, read_only=False) as connection:
        _of_task(connection, task)
        return asdict(promotion.retire(connection, task, reason=reason))


def find_model(connection: duckdb.DuckDBPyConnection, name: str) -> StoredModel:
    """Return the model with this id, or the one that serves the task of this name.

    Raises
    ------
    ProfilectlError
        If there is neither; the hint names the likeliest.
    """
    listed = list_models(connection)
    for model in listed:
        if name == model.model_id or (name == model.task and model.serving):
            return model
    if any(name == model.task for model in listed):
        raise promotion.none_serves(name)
    names = [*dict.fromkeys(m.task for m in listed), *(m.model_id for m in listed)]
    near = difflib.get_close_matches(name, names, n=_SHOWN, cutoff=0.5) or names[:_SHOWN]
    raise ProfilectlError(
        f"there is no model {name!r}",
        hint=f"known: {', '.join(near)}" if near else "train one: profilectl train",
    )


def _of_task(connection: duckdb.DuckDBPyConnection, task: str) -> list[StoredModel]:
    listed = list_models(connection, task)
    if not listed:
        known = sorted({m.task for m in list_models(connection)})
        raise ProfilectlError(
            f"there is no model of task {task!r}", hint=f"tasks: {', '.join(known) or 'none yet'}"
        )
    return listed


def _listed(connection: duckdb.DuckDBPyConnection, model: StoredModel) -> facts.Row:
    row: dict[str, Any] = {
        name: getattr(model, name)
        for name in ("model_id", "task", "kind", "candidate", "created_at", "serving", "run_id")
    }
    order = "metric in ('rmse', 'auc') desc, split = 'test' desc, metric"
    found = facts.rows(
        connection,
        f"select metric, value from ml.metrics where run_id = ? and candidate = ? order by {order} limit 1",
        [model.run_id, model.candidate],
    )
    return {
        **row,
        "metric": found[0]["metric"] if found else None,
        "value": found[0]["value"] if found else None,
    }

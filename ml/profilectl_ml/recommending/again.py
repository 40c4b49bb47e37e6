"""Recommending anew with a stored model: its settings and weights, and what users did until now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import duckdb
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.recommending.ease import EaseSetting
from profilectl_ml.recommending.events import drop_temporary, read_events
from profilectl_ml.recommending.fitting import Settings, fit_signals, needed_for
from profilectl_ml.recommending.history import read_history
from profilectl_ml.recommending.holdout import add_held, splits
from profilectl_ml.recommending.rerank import Blend
from profilectl_ml.recommending.serving import recommend
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.recommending.writing import replace_recommendations
from profilectl_ml.registry import LoadedModel


def prepare(connection: duckdb.DuckDBPyConnection, model: LoadedModel) -> Callable[[datetime], int]:
    """Return what replaces everyone's recommendations; call it inside a transaction.

    Raises
    ------
    ProfilectlError
        If marts or columns are gone.
    """
    task, params = _task(model.details["task"]), model.estimator
    candidate, seed = model.stored.candidate, int(model.details["seed"])
    settings = Settings(EaseSetting(**params["ease"]), EaseSetting(**params["ease_recent"]))
    blend = Blend.from_dict(params["blend"]) if params["blend"] else None
    with threadpool_limits(1):
        read_events(connection, task)
        add_held(connection, task, seed)
        *_, now = splits(connection, task)
        history = read_history(connection, task, now)
        fitted = fit_signals(connection, needed_for(task, candidate), history, settings, seed)
        found = recommend(task, fitted, candidate, blend, lambda share: None)
    as_of = now.cutoff.date() - timedelta(days=1)

    def write(at: datetime) -> int:
        try:
            return replace_recommendations(connection, task, found, model.stored.model_id, at, as_of)
        finally:
            drop_temporary(connection)

    return write


def _task(details: dict[str, Any]) -> RecommendationTask:
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in details.items()
    }
    given["filter"] = tuple((column, tuple(values)) for column, values in given["filter"])
    return RecommendationTask(**given)

"""Whether users have become others than those a model learnt from: the population stability index."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from profilectl_ml.layout import Layout
from profilectl_ml.registry import LoadedModel
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.stability import stability_index
from profilectl_ml.tasks import Task

_USERS = 5000
_FEATURES = 30


@dataclass(frozen=True)
class Drift:
    """The weighted index, None where there is nothing to compare; and a sentence about it."""

    value: float | None
    told: str


def drift(connection: duckdb.DuckDBPyConnection, model: LoadedModel, task: Task) -> Drift:
    """Compare users now with those of the cutoff that the model was tested on, or the nearest one.

    Each feature's index weighs as much as the feature is worth to the model (``ml.feature_importance``, the
    most important ones): the age of an account always moves, and need not concern the model.
    """
    weights = dict(
        connection.execute(
            "select feature, importance from ml.feature_importance where model_id = ? and importance > 0"
            " order by importance desc, feature limit ?",
            [model.stored.model_id, _FEATURES],
        ).fetchall()
    )
    names = tuple(name for name in model.layout.names if name in weights)
    ((tested,),) = connection.execute(
        "select test_cutoff from ml.runs where run_id = ?", [model.stored.run_id]
    ).fetchall()
    if not names or tested is None:
        return Drift(None, "no feature to compare")
    layout = Layout(names, {n: v for n, v in model.layout.vocabularies.items() if n in weights})
    cutoff = quote_identifier(str(task.cutoff))
    nearest = (
        f"{cutoff} = (select {cutoff} from {quote_relation(*task.examples)}"
        f" order by abs(datediff('day', {cutoff}, cast(? as date))), {cutoff} limit 1)"
    )
    before = _sample(connection, task, task.examples, layout, nearest, [tested])
    now = _sample(connection, task, task.features, layout, "true", [])
    if not len(before) or not len(now):
        return Drift(None, "nobody to compare")
    index = np.array([stability_index(before[:, j], now[:, j]) for j in range(len(names))])
    weight = np.array([weights[name] for name in names])
    value = float((index * weight).sum() / weight.sum())
    most = int(np.argmax(index * weight))
    return Drift(value, f"features moved by {value:.3g} (PSI by importance; {names[most]} {index[most]:.3g})")


def _sample(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    relation: tuple[str, ...],
    layout: Layout,
    where: str,
    values: list[object],
) -> np.ndarray:
    """Return features of at most ``_USERS`` of the task's population, shape ``(users, features)``."""
    entity = quote_identifier(task.entity)
    population = quote_identifier(task.population) if task.population else "true"
    listed = ", ".join(quote_identifier(name) for name in layout.names)
    rows = connection.execute(
        f"select {listed} from {quote_relation(*relation)} where {population} and {where}"
        f" order by md5({entity}::varchar), {entity} limit {_USERS}",
        values,
    ).to_arrow_table()
    return layout.matrix(rows)

"""How right a model is on users whose outcome has become known since it was trained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import duckdb
import numpy as np

from profilectl_ml.data import MAX_USERS, is_example, label_of, layout_query
from profilectl_ml.evaluation import evaluate
from profilectl_ml.predicting import predict_bounded
from profilectl_ml.registry import LoadedModel
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.tasks import Task

#: The figure that shows the loss a task is chosen by, in the label's unit.
_SHOWN = {"mse": "rmse", "mae": "mae", "relative": "mae", "tweedie": "mae"}


@dataclass(frozen=True)
class Realised:
    """Whether a model's error is above the interval of its test, and a sentence that says so."""

    is_worse: bool
    told: str


def realised_error(connection: duckdb.DuckDBPyConnection, model: LoadedModel, task: Task) -> Realised:
    """Compare the error on the newest cutoff with the interval that the model's own test gave.

    Only a cutoff counts whose label window begins after the one of the test ended: nothing of it was known
    when the model was trained.
    """
    stored = model.stored
    ((tested,),) = connection.execute(
        "select test_cutoff from ml.runs where run_id = ?", [stored.run_id]
    ).fetchall()
    # A mart may keep cutoffs as moments; the test was on a day.
    cutoff = f"{quote_identifier(str(task.cutoff))}::date"
    ((newest,),) = connection.execute(
        # The label of the newest cutoffs may not be known yet.
        f"select max({cutoff}) from {quote_relation(*task.examples)} where {is_example(task)}"
    ).fetchall()
    window = timedelta(days=task.horizon_days)
    if tested is None or newest is None or newest < tested + window:
        complete = "" if tested is None else f" before {tested + 2 * window}"
        return Realised(False, f"no label window after its test is complete{complete}")
    metric = _SHOWN.get(task.metric, task.metric)
    known = connection.execute(
        "select low, high from ml.metrics"
        " where run_id = ? and candidate = ? and split = 'test' and metric = ?",
        [stored.run_id, stored.candidate, metric],
    ).fetchall()
    rows = connection.execute(
        # The sample that a training would learn from: no more of the others has to fit into memory.
        f"{layout_query(task, model.layout)} and {cutoff} = ? order by md5(__entity), __entity"
        f" limit {MAX_USERS}",
        [newest],
    ).to_arrow_table()
    if not known or not rows.num_rows:
        return Realised(False, f"nobody to judge it on at {newest}")
    predicted = predict_bounded(model.estimator, model.layout.matrix(rows), task.minimum)
    users = np.arange(rows.num_rows)
    threshold = model.details.get("threshold")
    found = evaluate(
        label_of(rows.column("__label"), task),
        predicted,
        users,
        seed=int(model.details.get("seed", task.seed)),
        repetitions=200,
        kind=task.kind,
        threshold=0.5 if threshold is None else threshold,
        costs=task.costs.pair,
    )[metric].value
    low, high = known[0]
    where = "above" if found > high else "not above"
    return Realised(
        bool(found > high),
        f"{metric} {found:.4g} at {newest} is {where} the {low:.4g} to {high:.4g} of its test",
    )

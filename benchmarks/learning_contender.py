"""One contender of benchmarks/learning.py in a process of its own.

python benchmarks/learning_contender.py NAME WAREHOUSE MODEL REPORT
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from profilectl_ml.artefacts import FORMAT_VERSION, dump_model, load_model
from profilectl_ml.compiling import compile_model, parity
from profilectl_ml.estimators import ColumnLevel
from profilectl_ml.explaining import Explainer, write_reasons
from profilectl_ml.layout import Layout
from profilectl_ml.recipes import Recipe, splitting, weighing
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.scoring import scoring_statement, write_scores
from profilectl_ml.tasks import Task

FEATURES = 40
LAYOUT = Layout(tuple(f"f_{j:02}" for j in range(FEATURES)), {})
TASK = Task(
    name="benchmark",
    kind="regression",
    label="label",
    horizon_days=28,
    entity="user_id",
    examples=("marts", "user_features"),
    features=("marts", "user_features"),
    candidates=("ridge",),
    population="has_purchase",
)
NOW = datetime(2017, 12, 31)
Opened = duckdb.DuckDBPyConnection


def generate(connection: Opened, users: int) -> None:
    """Make the features mart: users × 40 numbers, a tenth of them missing, and a label made from two."""
    number = "(hash(i * 64 + {j}) % 1000003) / 1000.0"
    columns = [
        f"case when hash(i * 64 + {j}) % 10 <> 0 then {number.format(j=j)} end as f_{j:02}"
        for j in range(FEATURES)
    ]
    connection.execute("create schema marts")
    connection.execute(
        "create table marts.user_features as select 'u' || i as user_id, date '2017-12-30' as as_of,"
        f" hash(i) % 50 <> 0 as has_purchase, {', '.join(columns)},"
        f" sqrt({number.format(j=0)}) * 20 + {number.format(j=1)} + (hash(-i) % 1000) as label"
        f" from range({users}) as t(i)"
    )


def fit_models(connection: Opened, folder: Path) -> None:
    """Fit the models that are scored with, on the first 20,000 users."""
    matrix, label = read_matrix(connection, "limit 20000")
    for name, model in families().items():
        (folder / f"{name}.skops").write_bytes(dump_model(model.fit(matrix, label)))


def families() -> dict[str, Any]:
    """Return the unfitted models that are measured."""
    recipe = Recipe(LAYOUT, 1)
    boosted = HistGradientBoostingRegressor(max_iter=100, max_leaf_nodes=15, early_stopping=False)
    return {"linear": weighing(recipe, Ridge(100.0)), "boosting": splitting(recipe, boosted)}


def read_matrix(connection: Opened, rest: str = "") -> tuple[Any, Any]:
    """Read examples as training does: Arrow, then one matrix. The engine of training can take this place."""
    names = ", ".join((TASK.label, *LAYOUT.names))
    table = connection.execute(f"select {names} from marts.user_features {rest}").to_arrow_table()
    return LAYOUT.matrix(table), table.column(TASK.label).to_numpy()


def train_ours(connection: Opened, family: str) -> float:
    """Return the seconds of reading and fitting."""
    started = time.monotonic()
    families()[family].fit(*read_matrix(connection))
    return time.monotonic() - started


def train_in_memory(connection: Opened, family: str) -> float:
    """Return the seconds of fitting alone."""
    matrix, label = read_matrix(connection)
    started = time.monotonic()
    families()[family].fit(matrix, label)
    return time.monotonic() - started


def score_sql(connection: Opened, model: Any) -> float:
    """Return the seconds of scoring by the compiled statement."""
    return _score(connection, model, scoring_statement(TASK, model, _baseline(), LAYOUT))


def score_batches(connection: Opened, model: Any) -> float:
    """Return the seconds of scoring in Arrow batches."""
    return _score(connection, model, None)


def _score(connection: Opened, model: Any, statement: str | None) -> float:
    started = time.monotonic()
    connection.execute("begin transaction")
    write_scores(
        connection, TASK, model, _baseline(), LAYOUT, model_id="m", scored_at=NOW, statement=statement
    )
    connection.execute("commit")
    return time.monotonic() - started


def score_pandas(connection: Opened, model: Any) -> float:
    """Return the seconds of the usual way: everything into a frame, predict, write the frame back."""
    started = time.monotonic()
    frame = connection.execute("select * from marts.user_features").df()
    scores = frame[["user_id", "as_of"]].assign(
        task=TASK.name, score=model.predict(frame[list(LAYOUT.names)].to_numpy()), model_id="m", scored_at=NOW
    )
    scores["percentile"] = scores["score"].rank(method="max") / len(scores) * 100
    connection.execute("insert into ml.scores by name select * from scores")
    return time.monotonic() - started


def explain(connection: Opened, model: Any) -> float:
    """Return the seconds of writing three reasons for every user."""
    explainers = Explainer(model, LAYOUT), Explainer(_baseline(), LAYOUT)
    started = time.monotonic()
    write_reasons(connection, TASK, LAYOUT, *explainers, model_id="m")
    return time.monotonic() - started


def check_parity(connection: Opened, model: Any) -> float:
    """Return the seconds of comparing SQL with scikit-learn on every row."""
    started = time.monotonic()
    compiled = compile_model(model, LAYOUT)
    parity(connection, compiled, model, LAYOUT, "marts.user_features", task=TASK.name)
    return time.monotonic() - started


def _baseline() -> Any:
    return ColumnLevel(0, 1.0).fit(np.zeros((1, FEATURES)), np.zeros(1))


TRAINERS: dict[str, Callable[[Opened, str], float]] = {"ours": train_ours, "in memory": train_in_memory}
SCORERS: dict[str, Callable[[Opened, Any], float]] = {
    "sql": score_sql,
    "batches": score_batches,
    "pandas": score_pandas,
    "reasons": explain,
    "parity": check_parity,
}


def main(name: str, warehouse: Path, family: str, report: Path) -> None:
    """Run one contender and write its seconds."""
    with duckdb.connect(str(warehouse)) as connection, threadpool_limits(1):
        connection.execute("set threads = 2")
        connection.execute("set memory_limit = '1GB'")
        if name in TRAINERS:
            seconds = TRAINERS[name](connection, family)
        else:
            create_ml_tables(connection)
            connection.execute("delete from ml.scores")
            model = load_model((warehouse.parent / f"{family}.skops").read_bytes(), FORMAT_VERSION)
            seconds = SCORERS[name](connection, model)
    report.write_text(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))

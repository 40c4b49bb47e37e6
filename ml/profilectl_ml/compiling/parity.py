"""Proof that SQL and scikit-learn give the same scores, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from profilectl_ml.compiling.compiled import Compiled, long_expressions
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout
from profilectl_ml.predicting import predict_bounded
from profilectl_ml.sql import quote_identifier

#: Largest difference, absolute for scores up to 1 and relative to scikit-learn's score above.
TOLERANCE = 1e-9
_BATCH_ROWS = 20_000


@dataclass(frozen=True)
class Parity:
    """How many rows were compared, and the largest difference (absolute up to 1, relative above)."""

    rows: int
    worst: float


def parity(
    connection: duckdb.DuckDBPyConnection,
    compiled: Compiled,
    estimator: Any,
    layout: Layout,
    relation: str,
    *,
    task: str = "",
    minimum: float | None = None,
    tolerance: float = TOLERANCE,
    batch_rows: int = _BATCH_ROWS,
) -> Parity:
    """Check every row of a relation, in batches, so that memory does not grow with the rows.

    Parameters
    ----------
    compiled
        Made from ``estimator`` with the same ``layout`` and ``minimum``.
    relation
        Quoted name of a relation with the layout's columns.
    task
        Named in the error.
    tolerance
        See ``TOLERANCE``.

    Raises
    ------
    ProfilectlError
        If a row differs by more; the message says by how much, and gives the worst batch's worst row.
    """
    names = [quote_identifier(name) for name in layout.names]
    # One pass over the relation: what scikit-learn reads comes out of the same row as the score.
    keys = [(f"f_{place}", name) for place, name in enumerate(names)]
    query = compiled.select(relation, keys)
    rows, worst = 0, 0.0
    with long_expressions(connection):
        for batch in connection.execute(query).to_arrow_reader(batch_rows):
            features = batch.select(range(len(names))).rename_columns(list(layout.names))
            matrix = layout.matrix(features)
            if not len(matrix):
                continue
            theirs = predict_bounded(estimator, matrix, minimum)
            ours = np.asarray(batch.column("score").to_numpy(zero_copy_only=False), dtype=np.float64)
            apart = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
            place = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
            if not apart[place] <= tolerance:
                values = {k: v[0] for k, v in features.slice(place, 1).to_pydict().items()}
                raise ProfilectlError(
                    f"task {task or '(unnamed)'}: SQL gives {float(ours[place])!r} where scikit-learn gives"
                    f" {float(theirs[place])!r} (row {rows + place}: {_shown(values)})",
                    hint="score this task in batches, and report the model",
                )
            rows, worst = rows + len(matrix), max(worst, float(apart[place]))
    return Parity(rows, worst)


def _shown(values: dict[str, Any]) -> str:
    text = ", ".join(f"{name} = {value!r}" for name, value in values.items())
    return text if len(text) <= 500 else f"{text[:500]} …"

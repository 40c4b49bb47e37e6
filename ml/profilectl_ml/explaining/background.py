"""Typical rows, with which an explanation compares: kept, so that reasons of all times can be compared."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profilectl_ml.layout import Layout
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.tasks import Task

Floats = NDArray[np.float64]
_ROWS = 2000


def background(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    features: tuple[str, ...],
    layout: Layout,
    model_id: str,
) -> Floats:
    """Return typical users' rows, shape ``(rows, features)``, as they were when the model began to serve.

    Taken from ``features`` and kept when they are first asked for; those of the task's other models go.
    """
    rows = _kept(connection, model_id)
    if rows is None:
        rows = layout.matrix(_typical(connection, task, features, layout))
        _keep(connection, task.name, model_id, rows)
    return rows


def _typical(
    connection: duckdb.DuckDBPyConnection, task: Task, features: tuple[str, ...], layout: Layout
) -> pa.Table:
    names = ", ".join(quote_identifier(name) for name in layout.names)
    where = quote_identifier(task.population) if task.population else "true"
    entity = quote_identifier(task.entity)
    query = f"select {names} from {quote_relation(*features)}"
    order = f" order by md5({entity}::varchar), {entity} limit {_ROWS}"
    rows = connection.execute(f"{query} where {where}{order}").to_arrow_table()
    return rows if rows.num_rows else connection.execute(query + order).to_arrow_table()


def _keep(connection: duckdb.DuckDBPyConnection, task: str, model_id: str, rows: Floats) -> None:
    connection.execute("delete from ml.backgrounds where task = ?", [task])
    values = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])
    table = pa.table(
        {
            "task": pa.repeat(task, len(rows)),
            "model_id": pa.repeat(model_id, len(rows)),
            "place": pa.array(range(len(rows)), pa.int32()),
            "feature_values": values.cast(pa.list_(pa.float64())),
        }
    )
    connection.from_arrow(table).insert_into("ml.backgrounds")


def _kept(connection: duckdb.DuckDBPyConnection, model_id: str) -> Floats | None:
    found = connection.execute(
        "select feature_values from ml.backgrounds where model_id = ? order by place", [model_id]
    ).to_arrow_table()
    if not found.num_rows:
        return None
    values = found.column("feature_values").combine_chunks().values.to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64).reshape(found.num_rows, -1)

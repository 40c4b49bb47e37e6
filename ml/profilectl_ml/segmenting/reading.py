"""Reading everyone's features for a clustering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profilectl_ml.data import MIN_USERS, column_types
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.sql import quote_identifier, quote_relation

_VALUE = "__value"


@dataclass(frozen=True)
class Everyone:
    """All users, ordered by id.

    Attributes
    ----------
    users
        Their ids, an Arrow array of strings.
    matrix
        Features in natural units, shape ``(users, features)``, NaN where missing.
    value
        What each is worth, shape ``(users,)``; None without a value column.
    as_of
        The day the features stand for, if the mart says.
    """

    users: pa.ChunkedArray
    matrix: NDArray[np.float64]
    value: NDArray[np.float64] | None
    as_of: date | None


def layout_of(task: ClusteringTask) -> Layout:
    """Return the layout of the task's matrix."""
    return Layout(names=task.columns, vocabularies={})


def read_everyone(connection: duckdb.DuckDBPyConnection, task: ClusteringTask) -> Everyone:
    """Return every user of the features mart.

    Raises
    ------
    ProfilectlError
        If the mart or a column is missing or no number, or there are too few users.
    """
    types = column_types(connection, task.features)
    wanted = (task.entity, *task.columns, *((task.value,) if task.value else ()))
    for name in wanted:
        if name not in types:
            raise ProfilectlError(
                f"{'.'.join(task.features)} has no column {name!r}, which task {task.name} needs",
                hint=f"see {task.path}" if task.path else None,
            )
        if name != task.entity and types[name].startswith(("VARCHAR", "DATE", "TIME", "STRUCT", "MAP")):
            raise ProfilectlError(f"task {task.name}: {name} is {types[name].lower()}, not a number")
    entity = quote_identifier(task.entity)
    columns = ", ".join(quote_identifier(name) for name in task.columns)
    value = f", {quote_identifier(task.value)}::double as {_VALUE}" if task.value else ""
    as_of = "max(as_of) over ()" if "as_of" in types else "null::date"
    table = connection.execute(
        f"select {entity}::varchar as user_id, {as_of} as as_of, {columns}{value}"
        f" from {quote_relation(*task.features)} order by 1"
    ).to_arrow_table()
    if table.num_rows < MIN_USERS:
        raise ProfilectlError(
            f"task {task.name}: {table.num_rows} users, at least {MIN_USERS} are needed",
            hint="land more data",
        )
    return Everyone(
        users=table.column("user_id"),
        matrix=layout_of(task).matrix(table),
        value=table.column(_VALUE).to_numpy() if task.value else None,
        as_of=table.column("as_of")[0].as_py(),
    )

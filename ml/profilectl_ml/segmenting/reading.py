"""Reading what a clustering learns from: a sample of the users, the same whatever the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from profilectl_ml.data import MIN_USERS, column_types
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.sql import quote_identifier, quote_relation

_NOT_NUMBERS = ("VARCHAR", "ENUM", "DATE", "TIME", "INTERVAL", "STRUCT", "MAP", "BLOB", "UUID", "UNION")


@dataclass(frozen=True)
class Sample:
    """Users to learn from, in an order that is no order.

    Attributes
    ----------
    matrix
        Features in natural units, shape ``(users, features)``, NaN where missing.
    dated
        Whether the mart has a column ``as_of``.
    fingerprint
        Of every user's features, whatever their order.
    """

    matrix: NDArray[np.float64]
    dated: bool
    fingerprint: str


def layout_of(task: ClusteringTask) -> Layout:
    """Return the layout of the task's matrix."""
    return Layout(names=task.names, vocabularies={})


def read_sample(connection: duckdb.DuckDBPyConnection, task: ClusteringTask) -> Sample:
    """Return at most ``task.max_users`` users of the features mart.

    Raises
    ------
    ProfilectlError
        If the mart or a column is missing or no number, there are too few users, or one has two rows.
    """
    dated = check_columns(connection, task)
    entity, relation = quote_identifier(task.entity), quote_relation(*task.features)
    rows, users = connection.execute(f"select count(*), count(distinct {entity}) from {relation}").fetchall()[
        0
    ]
    if rows != users:
        raise ProfilectlError(
            f"task {task.name}: {'.'.join(task.features)} has {rows} rows for {users} users, not one each"
        )
    if users < MIN_USERS:
        raise ProfilectlError(
            f"task {task.name}: {users} users, at least {MIN_USERS} are needed", hint="land more data"
        )
    columns = ", ".join(quote_identifier(name) for name in task.names)
    # The hash decides who is in and in which order, so neither the mart's order nor a new user changes much.
    table = connection.execute(
        f"select {columns} from {relation} order by md5(cast({entity} as varchar)), {entity} limit ?",
        [task.max_users],
    ).to_arrow_table()
    # A sum of hashes needs no sorting and no memory; a column of the alias' name would be all that is hashed.
    total = connection.execute(
        "select sum(cast(md5_number_lower(cast(__row as varchar)) as hugeint))"
        f" from (select {entity}, {columns} from {relation}) as __row"
    ).fetchall()[0][0]
    return Sample(layout_of(task).matrix(table), dated, f"{int(total):x}")


def check_columns(connection: duckdb.DuckDBPyConnection, task: ClusteringTask) -> bool:
    """Check that the mart has what the task reads; return whether it says which day it stands for.

    Raises
    ------
    ProfilectlError
        If the mart or a column is missing, or a feature is no number.
    """
    types = column_types(connection, task.features)
    for name in (task.entity, *task.names, *((task.value,) if task.value else ())):
        if name not in types:
            raise ProfilectlError(
                f"{'.'.join(task.features)} has no column {name!r}, which task {task.name} needs",
                hint=f"see {task.path}" if task.path else None,
            )
        if name != task.entity and (types[name].startswith(_NOT_NUMBERS) or types[name].endswith("]")):
            raise ProfilectlError(f"task {task.name}: {name} is {types[name].lower()}, not a number")
    return "as_of" in types

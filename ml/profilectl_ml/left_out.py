"""Which columns of the examples are no features, and why: said aloud, because a silent loss is no choice."""

from __future__ import annotations

import duckdb
import numpy as np

from profilectl_ml.data import MAX_CATEGORIES, Examples, column_types, has_label, is_readable
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.tasks import Task

_LABEL = "label_"
# From this share of numbers on, a text column is taken for numbers with a few slips.
_NEARLY_NUMBERS = 0.9


def left_out(connection: duckdb.DuckDBPyConnection, task: Task, examples: Examples) -> dict[str, str]:
    """Return why each column that a person may have meant as a feature is none, in the table's order.

    The id, the label, the cutoff and their like are not mentioned: nobody expects them to be features.
    """
    roles = {task.entity, task.label, task.population, task.cutoff, task.as_of}
    used, found = set(examples.layout.names), {}
    constant = {
        name: bool(np.isnan(values).all())
        for name, values in zip(examples.layout.names, examples.matrix.T, strict=True)
        if not _varies(values)
    }
    for name, kind in column_types(connection, task.examples).items():
        if name in roles:
            continue
        if name in task.without:
            found[name] = "left out on request"
        elif name in constant:
            found[name] = _constant(connection, task, name, is_missing=constant[name])
        elif name not in used:
            found[name] = _why(connection, task, name, kind)
    return found


def _varies(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    known = values[~np.isnan(values)]
    return len(known) > 0 and (len(known) < len(values) or bool(np.ptp(known) > 0))


def _constant(connection: duckdb.DuckDBPyConnection, task: Task, name: str, *, is_missing: bool) -> str:
    values = connection.execute(
        f"select count(distinct {quote_identifier(name)})"
        f" from {quote_relation(*task.examples)} where {has_label(task.label)}"
    ).fetchall()[0][0]
    if is_missing:
        return "infinite, or too large, wherever it is known" if values else "empty"
    # Integers beyond 2^53, say: as the floats that models read they are one number.
    return "the same in every row" if values == 1 else "differs too little for a model to see it"


def _why(connection: duckdb.DuckDBPyConnection, task: Task, name: str, kind: str) -> str:
    if name.startswith(_LABEL):
        return "another label"
    if kind.startswith(("DATE", "TIMESTAMP", "TIME")):
        return "a date or time: derive a number from it, such as the days since"
    if not is_readable(kind):
        return f"of type {kind.lower()}, which no model reads"
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return _text(connection, task, name)
    return "names who or when, not what a user is like"


def _text(connection: duckdb.DuckDBPyConnection, task: Task, name: str) -> str:
    column = quote_identifier(name)
    values, known, numbers, with_comma = connection.execute(
        f"select count(distinct {column}), count({column}), count(try_cast({column} as double)),"
        f" count(try_cast(replace({column}, ',', '.') as double))"
        f" from {quote_relation(*task.examples)} where {has_label(task.label)}"
    ).fetchall()[0]
    if values <= 1:
        return "the same in every row" if values else "empty"
    if values <= MAX_CATEGORIES:
        return "names who or when, not what a user is like"
    said = f"text with {values:,} different values, more than {MAX_CATEGORIES}"
    if numbers == known:
        return f"{said}: they are numbers, stored as text"
    if with_comma == known:
        return f"{said}: they are numbers with a decimal comma, write a point"
    if numbers >= known * _NEARLY_NUMBERS:
        # How many, not which: this is published, and a value can be somebody's name.
        return f"{said}: all but {known - numbers:,} of {known:,} are numbers"
    return said

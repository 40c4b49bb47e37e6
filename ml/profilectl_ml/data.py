"""Reading the marts into matrices, and the fingerprint of what was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout, floats
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.tasks import Task

MIN_USERS = 50
# One for each of the five parts of the users of which one is kept aside.
_MIN_OF_A_CLASS = 5
# Above this, a fixed sample of users is learnt from: accuracy has long stopped rising, memory has not.
MAX_USERS = 25_000
MAX_CATEGORIES = 40
_NUMERIC = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)
_NOT_FEATURES = ("user_id", "cutoff", "as_of", "changed_in")
_LABEL = "label_"
# Names that no column of a mart has.
_ENTITY, _CUTOFF = "__entity", "__cutoff"


@dataclass(frozen=True)
class Examples:
    """Labelled rows of at most ``MAX_USERS`` users, ordered by cutoff and user.

    Attributes
    ----------
    layout
        Columns of ``matrix``.
    matrix
        Features, shape ``(rows, features)``, natural units, NaN where missing.
    label
        Shape ``(rows,)``.
    users
        User id per row.
    cutoffs
        Cutoff per row, ``datetime64[D]``; not-a-time in tables without time.
    fingerprint
        MD5 of these rows, whatever their order in the mart.
    among
        How many users have a label in the mart; None where the rows come from elsewhere.
    """

    layout: Layout
    matrix: NDArray[np.float64]
    label: NDArray[np.float64]
    users: NDArray[np.object_]
    cutoffs: NDArray[np.datetime64]
    fingerprint: str
    among: int | None = None

    @property
    def sample(self) -> str | None:
        """Which part of the users these are, in words; None where they are all."""
        if self.among is None or self.among <= MAX_USERS:
            return None
        return f"a fixed sample of {MAX_USERS:,} of {self.among:,} users"

    @property
    def timeless(self) -> bool:
        """Whether these are rows of a table without time."""
        return bool(np.isnat(self.cutoffs).all())

    def at(self, *days: date) -> NDArray[np.int64]:
        """Return the positions of the rows of these cutoffs."""
        return np.flatnonzero(np.isin(self.cutoffs, np.array(days, dtype="datetime64[D]")))


def read_examples(connection: duckdb.DuckDBPyConnection, task: Task) -> Examples:
    """Read the labelled examples of a task: of all users, or of a sample that a hash of their ids picks.

    Raises
    ------
    ProfilectlError
        If the mart or its label is missing, a row has no cutoff, or it holds too few users, of one class too
        few, or a label that never varies.
    """
    columns = column_types(connection, task.examples)
    for needed in (task.entity, task.cutoff, task.label, task.population):
        if needed and needed not in columns:
            raise ProfilectlError(
                f"{task.called(task.examples)} has no column {needed!r}, which task {task.name} needs",
                hint=f"see {task.path}" if task.path else None,
            )
    _check_population(columns, task, task.examples)
    chosen = _feature_columns(columns, task)
    rows, entity = _rows(task), quote_identifier(task.entity)
    total = _one(connection, f"select count(distinct {entity}) from ({rows})")
    if total < MIN_USERS:
        raise ProfilectlError(
            f"task {task.name}: {total} users with a label, at least {MIN_USERS} are needed",
            hint="land more data, or a longer history",
        )
    _check_cutoffs(connection, task)
    cutoff = quote_identifier(task.cutoff) if task.cutoff else "null::date"
    listed = ", ".join(
        [f"{_label_value(task)} as {quote_identifier(task.label)}", *(quote_identifier(c) for c in chosen)]
    )
    sampled = (
        f"select {entity}::varchar as {_ENTITY}, {cutoff} as {_CUTOFF}, {listed} from ({rows})"
        f" where {entity} in (select {entity} from ({rows})"
        f" group by 1 order by md5({entity}::varchar), {entity} limit {MAX_USERS})"
    )
    table = connection.execute(f"{sampled} order by {_CUTOFF}, {_ENTITY}").to_arrow_table()
    layout = layout_of(table, chosen)
    if not layout.names:
        raise ProfilectlError(
            f"task {task.name}: {task.called(task.examples)} has no column to learn from",
            hint="features are numbers, booleans, and texts of at most 40 values",
        )
    users = table.column(_ENTITY).to_numpy(zero_copy_only=False)
    return Examples(
        layout=layout,
        matrix=layout.matrix(table),
        label=_label(table.column(task.label), users, task),
        users=users,
        cutoffs=table.column(_CUTOFF).to_numpy().astype("datetime64[D]"),
        fingerprint=_fingerprint(connection, sampled),
        among=total,
    )


def _check_cutoffs(connection: duckdb.DuckDBPyConnection, task: Task) -> None:
    if task.cutoff is None:
        return
    column = quote_identifier(task.cutoff)
    examples, dated = connection.execute(f"select count(*), count({column}) from ({_rows(task)})").fetchall()[
        0
    ]
    if dated < examples:
        raise ProfilectlError(
            f"task {task.name}: {task.cutoff} is missing in {examples - dated:,} of {examples:,} example(s)"
            f" of {task.called(task.examples)}",
            hint="say for each row up to which day its features look, or leave the row out",
        )


def layout_query(task: Task, layout: Layout) -> str:
    """Return a query of the labelled examples of the task's population: entity, ``__label``, the features."""
    listed = ", ".join(quote_identifier(name) for name in layout.names)
    return (
        f"select {quote_identifier(task.entity)}::varchar as {_ENTITY}, {_label_value(task)} as __label,"
        f" {listed} from {quote_relation(*task.examples)} where {is_example(task)}"
    )


def _label(column: pa.ChunkedArray, users: NDArray[np.object_], task: Task) -> NDArray[np.float64]:
    label = label_of(column, task)
    if np.ptp(label) == 0:
        raise ProfilectlError(
            f"task {task.name}: {task.label} is {label[0]:g} in every row; there is nothing to learn"
        )
    if task.kind == "classification":
        positive, negative = (len(np.unique(users[label == value])) for value in (1.0, 0.0))
        if min(positive, negative) < _MIN_OF_A_CLASS:
            raise ProfilectlError(
                f"task {task.name}: {task.label} is positive for {positive:,} user(s) and negative for"
                f" {negative:,}; at least {_MIN_OF_A_CLASS} of each are needed",
                hint="land more data, or a longer history",
            )
    return label


def label_of(column: pa.ChunkedArray, task: Task) -> NDArray[np.float64]:
    """Return the labels as numbers, 0 or 1 for a classification, shape ``(rows,)``.

    Raises
    ------
    ProfilectlError
        If they are texts or dates, not finite, or neither true nor false, and the task does not say what
        counts.
    """
    name = f"task {task.name}: {task.label}"
    if task.positive is not None:
        label = task.positive.of(column, name)
    elif pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
        raise ProfilectlError(
            f"{name} holds texts",
            hint="say which of them counts: positive: {equals: …}",
        )
    else:
        label = floats(column, name)
    infinite = int((~np.isfinite(label)).sum())
    if infinite:
        raise ProfilectlError(
            f"{name} is infinite or not a number in {infinite:,} row(s)",
            hint="mend them, or leave their label empty: they are scored then, and not learnt from",
        )
    if task.kind == "classification" and not np.isin(label, (0.0, 1.0)).all():
        raise ProfilectlError(
            f"{name} is neither true or false nor 0 or 1",
            hint="say which values count: positive: {above: 0}",
        )
    return label


def check_features(connection: duckdb.DuckDBPyConnection, task: Task, layout: Layout) -> None:
    """Check that the features mart has every column a model reads, texts and numbers as they were learnt.

    Raises
    ------
    ProfilectlError
        If the mart or a column is missing, or a column holds something else.
    """
    _check_columns(connection, task, task.features, (task.entity, task.population, task.as_of), layout)


def check_examples(connection: duckdb.DuckDBPyConnection, task: Task, layout: Layout) -> None:
    """Check that the examples mart has every column that judging a model on it reads.

    Raises
    ------
    ProfilectlError
        If the mart or a column is missing, or a column holds something else.
    """
    roles = (task.entity, task.population, task.label, task.cutoff)
    _check_columns(connection, task, task.examples, roles, layout)


def _check_columns(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    relation: tuple[str, ...],
    roles: tuple[str | None, ...],
    layout: Layout,
) -> None:
    columns = column_types(connection, relation)
    missing = [name for name in (*roles, *layout.names) if name and name not in columns]
    if missing:
        raise ProfilectlError(
            f"{task.called(relation)} lacks {len(missing)} column(s) that task {task.name} needs: "
            + ", ".join(missing[:5]),
            hint="mend the file, or train again" if task.source else "rebuild the marts, then train again",
        )
    _check_population(columns, task, relation)
    for name in layout.names:
        was_text, kind = name in layout.vocabularies, columns[name]
        if not is_readable(kind) or _is_text(kind) is not was_text:
            raise ProfilectlError(
                f"{task.called(relation)}: {name} is {kind.lower()}, and task {task.name} learnt it as"
                f" {'texts' if was_text else 'numbers'}",
                hint="mend the column, or train again",
            )


def column_types(connection: duckdb.DuckDBPyConnection, relation: tuple[str, ...]) -> dict[str, str]:
    """Return the columns of a relation with their types, in order; ProfilectlError if there is none."""
    # A file that was named on the command line is a table of a catalogue of its own.
    catalogue = relation[-3] if len(relation) == 3 else None
    found = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_catalog = coalesce(?, current_database()) and table_schema = ? and table_name = ?"
        " order by ordinal_position",
        [catalogue, *relation[-2:]],
    ).fetchall()
    if not found:
        raise ProfilectlError(
            f"there is no table {'.'.join(relation)} in this warehouse",
            hint="build the marts first: profilectl build",
        )
    return dict(found)


def _feature_columns(columns: dict[str, str], task: Task) -> list[str]:
    """Return numbers, booleans and texts in alphabetical order, so that column order changes nothing."""
    taken = {*_NOT_FEATURES, *_roles(task), *task.without}
    return sorted(
        name
        for name, kind in columns.items()
        if name not in taken and not name.startswith(_LABEL) and is_readable(kind)
    )


def _check_population(columns: dict[str, str], task: Task, relation: tuple[str, ...]) -> None:
    kind = columns[task.population] if task.population else "BOOLEAN"
    if kind != "BOOLEAN":
        raise ProfilectlError(
            f"{task.called(relation)}: {task.population} is {kind.lower()}, and task {task.name} asks it"
            " who is of its population",
            hint="make it a column of true and false",
        )


def _is_text(kind: str) -> bool:
    return kind.startswith(("VARCHAR", "ENUM"))


def is_readable(kind: str) -> bool:
    """Return whether a column of this type can be a feature: numbers, booleans, texts."""
    return kind in ("BOOLEAN", "DOUBLE", "FLOAT", "VARCHAR", *_NUMERIC) or kind.startswith(
        ("DECIMAL", "ENUM")
    )


def _roles(task: Task) -> set[str | None]:
    return {task.entity, task.label, task.population, task.cutoff, task.as_of}


def has_label(label: str) -> str:
    """Return the condition that a row has a label: neither null nor NaN, as files write a missing number."""
    column = quote_identifier(label)
    is_nan = f"typeof({column}) in ('FLOAT', 'DOUBLE') and {column}::varchar in ('nan', '-nan')"
    return f"({column} is not null and not ({is_nan}))"


def _label_value(task: Task) -> str:
    column = quote_identifier(task.label)
    # What counts is said as DuckDB writes it: Python writes numbers and times otherwise.
    is_text = task.positive is not None and task.positive.rule == "equals"
    return f"{column}::varchar" if is_text else column


def is_example(task: Task) -> str:
    """Return the condition that a row is learnt from: it has a label and is of the population."""
    population = f" and {quote_identifier(task.population)}" if task.population else ""
    return f"{has_label(task.label)}{population}"


def _rows(task: Task) -> str:
    return f"select * from {quote_relation(*task.examples)} where {is_example(task)}"


def layout_of(table: pa.Table, chosen: list[str]) -> Layout:
    """Return the layout of these columns; texts that are constant or have too many values are left out."""
    names, vocabularies = [], {}
    for name in chosen:
        kind = table.schema.field(name).type
        if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
            values = sorted(
                v for v in pc.unique(pc.cast(table.column(name), pa.string())).to_pylist() if v is not None
            )
            if not 2 <= len(values) <= MAX_CATEGORIES:
                continue  # a name or a constant, not a category
            vocabularies[name] = tuple(values)
        names.append(name)
    return Layout(names=tuple(names), vocabularies=vocabularies)


def _fingerprint(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    # A column of the alias' name would be hashed in place of the row.
    hashed = f"select md5(cast(__row as varchar)) as h from ({query}) as __row"
    text = f"select md5(string_agg(h, '' order by h)) from ({hashed})"
    return str(connection.execute(text).fetchall()[0][0])


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])

"""Tasks over any flat table: a file or a relation with an id, a label and whatever else it knows."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from profilectl_ml.candidates import CANDIDATE_NAMES, DEFAULT_CANDIDATES
from profilectl_ml.data import column_types
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_identifier, quote_literal, quote_relation
from profilectl_ml.tasks import SUPERVISED, Positive, Task, default_metric

_READERS = {
    ".csv": "read_csv({}, sample_size = -1)",
    ".tsv": "read_csv({}, sample_size = -1, delim = '\t')",
    ".parquet": "read_parquet({})",
    ".json": "read_json_auto({})",
    ".jsonl": "read_json_auto({})",
}
_TRUTHS = ("true", "yes", "y", "1")


def table_task(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    *,
    entity: str,
    label: str,
    kind: str | None = None,
    name: str | None = None,
    positive: str | None = None,
    metric: str | None = None,
    candidates: tuple[str, ...] = (),
    budget_seconds: float = Task.budget_seconds,
) -> Task:
    """Return the task of learning ``label`` from the other columns of a table.

    Parameters
    ----------
    connection
        A warehouse; for a file a view of this connection is made.
    source
        A CSV, TSV, Parquet or JSON file, or the name of a table (``schema.table``).
    entity
        Column that identifies a row; scores are keyed by it.
    label
        Column to learn; rows without it are scored and not learnt from.
    kind
        ``regression`` or ``classification``; by default the latter where the label has two values.
    name
        Name of the task; by default that of the file or table.
    positive
        The label's value that counts as 1.
    metric, candidates, budget_seconds
        As in :class:`profilectl_ml.tasks.Task`.

    Raises
    ------
    ProfilectlError
        If the file cannot be read, a column is missing, an id is missing or occurs twice, or the label cannot
        be used; the message names file, column and cause.
    """
    path = Path(source)
    called = name or _name(path.stem if path.suffix.lower() in _READERS else source.rsplit(".", 1)[-1])
    relation = (
        _open(connection, path, called) if path.suffix.lower() in _READERS else tuple(source.split("."))
    )
    columns = _columns(connection, relation, source)
    for option, column in (("--id", entity), ("--label", label)):
        if column not in columns:
            raise ProfilectlError(
                f"{source} has no column {column!r} ({option})", hint=f"columns: {', '.join(columns)}"
            )
    if len(relation) == 1:
        relation = ("main", relation[0])
    _check_ids(connection, relation, source, entity)
    values = _distinct(connection, relation, label)
    known = kind or ("classification" if len(values) == 2 else "regression")
    if known not in SUPERVISED:
        raise ProfilectlError(f"kind {known!r} is not one of {', '.join(SUPERVISED)}")
    chosen = candidates or DEFAULT_CANDIDATES[known]
    unknown = sorted(set(chosen) - set(CANDIDATE_NAMES[known]))
    if unknown:
        raise ProfilectlError(
            f"there is no candidate {unknown[0]!r} for {known}", hint=", ".join(CANDIDATE_NAMES[known])
        )
    return Task(
        name=called,
        kind=known,
        label=label,
        horizon_days=1,
        entity=entity,
        examples=relation,
        features=relation,
        candidates=chosen,
        metric=metric or default_metric(known),
        positive=_positive(source, label, values, positive) if known == "classification" else None,
        budget_seconds=budget_seconds,
        cutoff=None,
        as_of=None,
        path=source,
        source=str(path.resolve()) if path.suffix.lower() in _READERS else "",
    )


def reopen(connection: duckdb.DuckDBPyConnection, task: Task) -> None:
    """Make the view of a task's file again, in another connection; nothing to do for tables.

    Raises
    ------
    ProfilectlError
        If the file is not there any more, or cannot be read.
    """
    if task.source:
        _open(connection, Path(task.source), task.features[-1])


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_") or "table"


def _open(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> tuple[str, ...]:
    if not path.is_file():
        raise ProfilectlError(f"there is no file {path}")
    reader = _READERS[path.suffix.lower()].format(quote_literal(str(path.resolve())))
    try:
        connection.execute(f"create or replace temp view {quote_identifier(name)} as select * from {reader}")
        # A view is read lazily: a broken line shows now, with its number, and not in the middle of training.
        connection.execute(f"select count(columns(*)) from {quote_identifier(name)}").fetchall()
    except duckdb.Error as error:
        raise ProfilectlError(
            f"{path}: cannot be read: {error}", hint="mend the file, then try again"
        ) from error
    return ("main", name)


def _columns(connection: duckdb.DuckDBPyConnection, relation: tuple[str, ...], source: str) -> dict[str, str]:
    if not 1 <= len(relation) <= 2 or not all(relation):
        raise ProfilectlError(
            f"{source!r} is neither a file that can be read nor a table",
            hint=f"files end in {', '.join(_READERS)}; tables are written schema.table",
        )
    return column_types(connection, relation if len(relation) == 2 else ("main", relation[0]))


def _check_ids(
    connection: duckdb.DuckDBPyConnection, relation: tuple[str, ...], source: str, entity: str
) -> None:
    column, table = quote_identifier(entity), quote_relation(*relation)
    missing = connection.execute(f"select count(*) from {table} where {column} is null").fetchall()[0][0]
    if missing:
        raise ProfilectlError(
            f"{source}: {missing:,} row(s) have no {entity}", hint="every row needs an id to be scored by"
        )
    twice = connection.execute(
        f"select {column}::varchar, count(*) from {table} group by 1 having count(*) > 1"
        " order by 2 desc, 1 limit 3"
    ).fetchall()
    if twice:
        shown = ", ".join(f"{value} ({count} times)" for value, count in twice)
        raise ProfilectlError(
            f"{source}: {entity} does not identify a row: {shown}",
            hint="name another column with --id, or keep one row for each",
        )


def _distinct(connection: duckdb.DuckDBPyConnection, relation: tuple[str, ...], label: str) -> list[str]:
    column, table = quote_identifier(label), quote_relation(*relation)
    rows = connection.execute(
        f"select distinct {column}::varchar from {table} where {column} is not null order by 1 limit 20"
    ).fetchall()
    return [str(value) for (value,) in rows]


def _positive(source: str, label: str, values: list[str], given: str | None) -> Positive:
    listed = ", ".join(values)
    if len(values) != 2:
        raise ProfilectlError(
            f"{source}: {label} has {len(values)} different values ({listed}), a classification needs two",
            hint="learn an amount with --kind regression, or derive a column of two values first",
        )
    if given is not None:
        if given not in values:
            raise ProfilectlError(
                f"{source}: {label} is never {given!r} (--positive)", hint=f"values: {listed}"
            )
        return Positive("equals", given)
    truths = [value for value in values if value.lower() in _TRUTHS]
    if len(truths) != 1:
        raise ProfilectlError(
            f"{source}: cannot tell which value of {label} counts as positive",
            hint=f"say it: --positive {values[1]} (values: {listed})",
        )
    return Positive("equals", truths[0])

"""Tasks over any flat table: a file or a relation with an id, a label and whatever else it knows."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from profilectl_ml.candidates import CANDIDATE_NAMES, DEFAULT_CANDIDATES
from profilectl_ml.data import check_features, column_types, has_label
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.layout import Layout
from profilectl_ml.losses import LOSS_NAMES
from profilectl_ml.registry import StoredModel, list_models
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.table_files import ROW_NUMBER, SUFFIXES, file_suffix, open_file
from profilectl_ml.tasks import SUPERVISED, Positive, Task, default_metric, to_details

_TRUTHS = ("true", "yes", "y", "t", "1", "1.0")
_FALSEHOODS = ("false", "no", "n", "f", "0", "0.0", "-1")
_SHOWN = 5


def table_task(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    *,
    entity: str | None,
    label: str,
    kind: str | None = None,
    name: str | None = None,
    positive: str | None = None,
    metric: str | None = None,
    candidates: tuple[str, ...] = (),
    budget_seconds: float = Task.budget_seconds,
    without: tuple[str, ...] = (),
    declared: Collection[str] = (),
) -> Task:
    """Return the task of learning ``label`` from the other columns of a table.

    Parameters
    ----------
    connection
        A warehouse; a file is read into memory beside it.
    source
        A CSV, TSV, Parquet or JSON file (CSV and JSON gzipped too), or a table (``schema.table``).
    entity
        Column that identifies a row; scores are keyed by it, as it stands in a CSV file. None numbers the
        rows of a file.
    label
        Column to learn; rows without it are scored and not learnt from.
    kind
        ``regression`` or ``classification``; by default the latter where the label has two values, or
        ``positive`` is given.
    name
        Name of the task; by default that of the file or table, unless a model serves it that was learnt from
        another one, or learnt something else of it. Given, it takes over such a task, but never one that the
        dbt project declares.
    positive
        The label's value that counts as 1, all others as 0.
    metric, candidates, budget_seconds, without
        As in :class:`profilectl_ml.tasks.Task`.
    declared
        Names of tasks that the dbt project declares, as far as they are known.

    Raises
    ------
    ProfilectlError
        If the file cannot be read, a column is missing, an id is missing or occurs twice, the label cannot
        be used, or another task has the name; the message names file, column and cause.
    """
    is_file = file_suffix(source) is not None
    called = name or table_name(source)
    if not re.fullmatch(r"\w+", called):
        raise ProfilectlError(
            f"{called!r} cannot be a task's name", hint="use letters, digits and _, such as churn_2024"
        )
    key = entity or ROW_NUMBER
    if is_file:
        relation: tuple[str, ...] = open_file(
            connection, Path(source), called, numbered=entity is None, types={key: "VARCHAR"}
        )
    else:
        relation = _relation(source)
        if entity is None:
            raise ProfilectlError(f"{source}: which column identifies a row?", hint="name it with --id")
    origin = str(Path(source).resolve()) if is_file else ".".join(relation)
    serving = _serving(connection, called, declared)
    types = column_types(connection, relation)
    for option, column in (("--id", key), ("--label", label), *(("--without", c) for c in without)):
        if column not in types:
            raise ProfilectlError(
                f"{source} has no column {column!r} ({option})",
                hint=f"columns: {', '.join(name for name in types if name != ROW_NUMBER)}",
            )
    if key == label:
        raise ProfilectlError(
            f"{source}: {label} cannot be both the id and the label",
            hint="name another column with --id or --label",
        )
    _check_ids(connection, relation, source, key)
    values, count = _distinct(connection, relation, label)
    known = _kind(source, label, types[label], values, count, kind, positive)
    chosen = candidates or DEFAULT_CANDIDATES[known]
    unknown = sorted(set(chosen) - set(CANDIDATE_NAMES[known]))
    if unknown:
        raise ProfilectlError(
            f"there is no candidate {unknown[0]!r} for {known}", hint=", ".join(CANDIDATE_NAMES[known])
        )
    if metric is not None and metric not in LOSS_NAMES[known]:
        raise ProfilectlError(f"there is no metric {metric!r} for {known}", hint=", ".join(LOSS_NAMES[known]))
    task = Task(
        name=called,
        kind=known,
        label=label,
        horizon_days=1,
        entity=key,
        examples=relation,
        features=relation,
        candidates=chosen,
        metric=metric or default_metric(known),
        positive=_positive(source, label, values, positive) if known == "classification" else None,
        budget_seconds=budget_seconds,
        cutoff=None,
        as_of=None,
        path=source,
        source=origin if is_file else "",
        without=without,
        types=types if is_file else {},
    )
    if serving is not None and name is None:
        _check_alike(serving, task)
    return task


def reopen(connection: duckdb.DuckDBPyConnection, task: Task, layout: Layout) -> None:
    """Read a task's file again, in another connection, and check the ids of a file or table as training did.

    What the model reads is what it was, whatever its values look like now: ``1.10`` stays a text, and a text
    among numbers is an error.

    Raises
    ------
    ProfilectlError
        If the file is not there any more, or cannot be read; if a column that the model reads is missing, or
        an id is missing or occurs twice.
    """
    if task.source:
        numbered = task.entity == ROW_NUMBER
        types = _types(task, layout)
        open_file(connection, Path(task.source), task.features[-1], numbered=numbered, types=types)
    if task.as_of is None:  # marts have a test of their own
        check_features(connection, task, layout)
        _check_ids(connection, task.features, task.called(task.features), task.entity)


def _types(task: Task, layout: Layout) -> dict[str, str]:
    known = {name: task.types[name] for name in layout.names if name in task.types}
    found = {name: kind if kind in ("VARCHAR", "BOOLEAN") else "DOUBLE" for name, kind in known.items()}
    return {**found, task.entity: "VARCHAR"}


def table_name(source: str) -> str:
    """Return the name that a task over this file or table gets by default.

    Examples
    --------
    >>> table_name("data/Online Shoppers.csv.gz"), table_name("marts.people"), table_name("q1.客户.csv")
    ('online_shoppers', 'people', 'q1_客户')
    """
    known = file_suffix(source)
    text = Path(source).name.lower().removesuffix(".gz").removesuffix(known) if known else source.lower()
    text = text if known else text.rsplit(".", 1)[-1]
    # Composed: some systems write an accent as a character of its own, which is no letter.
    return re.sub(r"\W+", "_", unicodedata.normalize("NFC", text)).strip("_") or "table"


def _serving(
    connection: duckdb.DuckDBPyConnection, called: str, declared: Collection[str]
) -> Mapping[str, Any] | None:
    """Return the task of that name that a model serves; refuse one that the dbt project declares."""
    listed = list_models(connection, called)
    # A declared task is the project's before it is trained, too, and after its model was retired.
    if called in declared or any(_is_declared(connection, model) for model in listed):
        raise ProfilectlError(
            f"{called} is a task that the dbt project declares", hint="call this one otherwise: --name NAME"
        )
    serving = next((model for model in listed if model.serving), None)
    return None if serving is None else _learnt(connection, serving)


def _check_alike(serving: Mapping[str, Any], task: Task) -> None:
    """Refuse a name whose model and scores are of another table or label: training would replace them."""
    asked = to_details(task)
    for what, of in (("was learnt from", _origin), ("learns", _question)):
        if of(serving) != of(asked):
            raise ProfilectlError(
                f"the task {task.name} {what} {of(serving)}, not {of(asked)}",
                hint=f"call this one otherwise (--name NAME), or let it take over: --name {task.name}",
            )


def _origin(task: Mapping[str, Any]) -> str:
    return str(task.get("source") or ".".join(task.get("features", ())))


def _question(task: Mapping[str, Any]) -> str:
    positive = task.get("positive")
    if positive is None:
        return f"{task['label']} ({task['kind']})"
    return f"whether {task['label']} is {positive['value']}"


def _is_declared(connection: duckdb.DuckDBPyConnection, model: StoredModel) -> bool:
    return model.kind not in SUPERVISED or bool(_learnt(connection, model).get("cutoff"))


def _learnt(connection: duckdb.DuckDBPyConnection, model: StoredModel) -> dict[str, Any]:
    """Return the task that a model was trained for, as it is kept beside it."""
    ((details,),) = connection.execute(
        "select details from ml.models where model_id = ?", [model.model_id]
    ).fetchall()
    return dict(json.loads(details or "{}").get("task", {}))


def _relation(source: str) -> tuple[str, str]:
    parts = source.split(".")
    if Path(source).is_file() or not 1 <= len(parts) <= 2 or not all(parts):
        raise ProfilectlError(
            f"{source!r} is neither a file that can be read nor a table",
            hint=f"files end in {', '.join(SUFFIXES)}; tables are written schema.table",
        )
    return ("main", parts[0]) if len(parts) == 1 else (parts[0], parts[1])


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


def _distinct(
    connection: duckdb.DuckDBPyConnection, relation: tuple[str, ...], label: str
) -> tuple[list[str], int]:
    column, table = quote_identifier(label), quote_relation(*relation)
    rows = connection.execute(
        f"select {column}::varchar, count(*) over () from (select distinct {column} from {table}"
        f" where {has_label(label)}) order by 1 limit 1000"
    ).fetchall()
    return [str(value) for value, _ in rows], int(rows[0][1]) if rows else 0


def _kind(
    source: str,
    label: str,
    type_: str,
    values: list[str],
    count: int,
    given: str | None,
    positive: str | None,
) -> str:
    """Return the kind that is meant; a clear error where the label cannot be of it."""
    if given is not None and given not in SUPERVISED:
        raise ProfilectlError(f"kind {given!r} is not one of {', '.join(SUPERVISED)}")
    shown = ", ".join(values[:_SHOWN]) + (", …" if count > _SHOWN else "")
    if count < 2:
        said = f"is {values[0]} in every row" if values else "is empty in every row"
        raise ProfilectlError(
            f"{source}: {label} {said}; there is nothing to learn", hint="name another column with --label"
        )
    is_number = type_ in ("BOOLEAN", "DOUBLE", "FLOAT") or "INT" in type_ or type_.startswith("DECIMAL")
    one_of_two = positive is not None or count == 2
    kind = given or ("classification" if one_of_two or not is_number else "regression")
    if kind == "regression" and positive is not None:
        raise ProfilectlError(f"--positive {positive} belongs to a classification, not to an amount")
    if kind == "regression" and not is_number:
        raise ProfilectlError(
            f"{source}: {label} holds {type_.lower()} ({shown}), not numbers: there is no amount to learn",
            hint="name another label, or say which value counts: --positive VALUE",
        )
    if kind == "classification" and not one_of_two:
        raise ProfilectlError(
            f"{source}: {label} has {count:,} different values ({shown}), a classification needs two",
            hint=f"learn one value against all others: --positive {shlex.quote(values[0])}"
            + ("; or learn the amount: --kind regression" if is_number else ""),
        )
    return kind


def _positive(source: str, label: str, values: list[str], given: str | None) -> Positive:
    listed = ", ".join(values[:_SHOWN])
    if given is not None:
        if set(values) == {"true", "false"}:  # what a file says as yes and no is read as a boolean
            folded = given.lower()
            given = "true" if folded in _TRUTHS else "false" if folded in _FALSEHOODS else given
        same = [value for value in values if given in (value, value.lower()) or value == given.lower()]
        if not same:
            raise ProfilectlError(
                f"{source}: {label} is never {given!r} (--positive)", hint=f"values: {listed}"
            )
        return Positive("equals", given if given in same else same[0])
    truths = [value for value in values if value.lower() in _TRUTHS]
    if len(truths) != 1 or not any(value.lower() in _FALSEHOODS for value in values):
        raise ProfilectlError(
            f"{source}: cannot tell which value of {label} counts as positive",
            hint=f"say it: --positive {shlex.quote(values[1])} (values: {listed})",
        )
    return Positive("equals", truths[0])

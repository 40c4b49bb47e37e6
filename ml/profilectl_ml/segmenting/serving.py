"""Letting a stored segmentation assign everyone again, under the names its segments have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import duckdb

from profilectl_ml.gone import users_of
from profilectl_ml.registry import LoadedModel
from profilectl_ml.segmenting import writing
from profilectl_ml.segmenting.assigning import assignment_sql
from profilectl_ml.segmenting.naming import Profile, describe
from profilectl_ml.segmenting.profiling import profiles
from profilectl_ml.segmenting.reading import check_columns
from profilectl_ml.segmenting.task import ClusteringTask, from_details
from profilectl_ml.sql import quote_literal
from profilectl_ml.watermarks import SEGMENTS, record


def prepare(connection: duckdb.DuckDBPyConnection, model: LoadedModel) -> Callable[[datetime], int]:
    """Return what lets a stored model serve again; call it inside a transaction."""
    return lambda at: reassign(connection, model, at)


def reassign(connection: duckdb.DuckDBPyConnection, model: LoadedModel, at: datetime) -> int:
    """Assign every user by a stored model and describe its segments anew; return how many users there are.

    Call inside a transaction. The segments keep their names; one that nobody is in any more stays, with no
    users, so that its name is not given to others.

    Raises
    ------
    ProfilectlError
        If the features mart or one of the model's columns is gone.
    """
    task, stored = from_details(model.details["task"]), model.stored
    names = names_of(model)
    dated = check_columns(connection, task)
    with writing.assigned(connection, assignment_sql(task, model.estimator, dated=dated)) as table:
        users = writing.write_segments(connection, task.name, stored.model_id, table, names, at)
        describe_again(connection, model, task, table)
    record(connection, task.name, SEGMENTS, stored.model_id, task.features)
    return users


def reassign_some(
    connection: duckdb.DuckDBPyConnection, model: LoadedModel, some: tuple[str, ...], at: datetime
) -> int:
    """Assign the users of ``some``, a part of the features mart; the others keep their segments.

    Call inside a transaction. Segments are described anew, because who is in them changed.
    """
    task, stored = from_details(model.details["task"]), model.stored
    names = names_of(model)
    dated = check_columns(connection, task)
    query = assignment_sql(replace(task, features=some), model.estimator, dated=dated)
    everyone = users_of(task.features, task.entity)
    with writing.assigned(connection, query) as table:
        users = writing.write_segments(connection, task.name, stored.model_id, table, names, at, everyone)
    listed = ", ".join(quote_literal(names.get(n, "")) for n in range(max(names) + 1))
    now = (
        f"select user_id, as_of, list_position([{listed}], segment) - 1 as segment, distance from ml.segments"
        f" where task = {quote_literal(task.name)}"
    )
    with writing.assigned(connection, now) as table:
        describe_again(connection, model, task, table)
    record(connection, task.name, SEGMENTS, stored.model_id, task.features)
    return users


def names_of(model: LoadedModel) -> dict[int, str]:
    """Return what a stored model calls its segments, by their numbers."""
    return {int(number): str(name) for number, name in model.details["names"].items()}


def describe_again(
    connection: duckdb.DuckDBPyConnection, model: LoadedModel, task: ClusteringTask, table: str
) -> None:
    """Write the profiles of the segments as they are in ``table``; one without users stays, with none."""
    names = names_of(model)
    found = profiles(connection, task, model.estimator, table)
    present = {profile.number for profile in found}
    found += [Profile(n, 0, 0.0, None, None) for n in sorted(names) if n not in present]
    for profile in found:
        profile.name = names[profile.number]
        profile.description = describe(profile, task.value_words)
    writing.write_profiles(connection, task.name, model.stored.model_id, found)

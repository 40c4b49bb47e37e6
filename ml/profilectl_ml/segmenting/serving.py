"""Letting a stored segmentation assign everyone again, under the names its segments have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import duckdb

from profilectl_ml.registry import LoadedModel
from profilectl_ml.segmenting import writing
from profilectl_ml.segmenting.assigning import assignment_sql
from profilectl_ml.segmenting.naming import Profile, describe
from profilectl_ml.segmenting.profiling import profiles
from profilectl_ml.segmenting.reading import check_columns
from profilectl_ml.segmenting.task import from_details


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
    names = {int(number): str(name) for number, name in model.details["names"].items()}
    dated = check_columns(connection, task)
    with writing.assigned(connection, assignment_sql(task, model.estimator, dated=dated)) as table:
        found = profiles(connection, task, model.estimator, table)
        present = {profile.number for profile in found}
        found += [Profile(n, 0, 0.0, None, None) for n in sorted(names) if n not in present]
        for profile in found:
            profile.name = names[profile.number]
            profile.description = describe(profile, task.value_words)
        users = writing.write_segments(connection, task.name, stored.model_id, table, names, at)
        writing.write_profiles(connection, task.name, stored.model_id, found)
    return users

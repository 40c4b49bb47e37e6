"""The gate before training: a feature that knows too much stops the run, with its name.

Three things are refused: a feature that cannot have been known at the cutoff, a feature that alone predicts
the label too well to be true, and a user on both sides of a fold.
"""

from __future__ import annotations

import shlex

import duckdb
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from profilectl_ml.catalogue import reporting_timezone
from profilectl_ml.data import Examples, column_types, has_label
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.folds import Folds, Plan
from profilectl_ml.sql import quote_identifier, quote_relation
from profilectl_ml.tasks import Task

_TREE_ROWS = 4000
_FILLED, _ENOUGH_SERVED = 0.5, 30


def check_times(connection: duckdb.DuckDBPyConnection, task: Task) -> None:
    """Refuse a date, or a feature declared in ``known_at``, that is later than its row's cutoff.

    A cutoff is the last day that features see, all of it, in the zone of the last build. A timestamp is an
    instant, in UTC unless it says otherwise, and counts as the day that it is in that zone.

    Raises
    ------
    ProfilectlError
        The message names the column and says how many rows are concerned, or that ``known_at`` names a column
        that is no date.
    """
    if task.cutoff is None:
        return
    columns = column_types(connection, task.examples)
    absent = sorted({*task.known_at, *task.known_at.values()} - set(columns))
    if absent:
        raise ProfilectlError(
            f"task {task.name}: known_at names {absent[0]!r}, which {'.'.join(task.examples)} does not have"
        )
    dated = [c for c, kind in columns.items() if kind.startswith(("DATE", "TIMESTAMP"))]
    for feature, column in task.known_at.items():
        if column not in dated:
            raise ProfilectlError(
                f"task {task.name}: known_at says that {feature!r} was known at {column!r}, which is"
                f" {columns[column].lower()} in {'.'.join(task.examples)}, not a date or timestamp",
                hint=f"cast {column} to a date or timestamp in the mart",
            )
    told = {column: feature for feature, column in task.known_at.items()}
    cutoff, zone = quote_identifier(task.cutoff), reporting_timezone(connection)
    for column in dated:
        if column == task.cutoff:
            continue
        day, values = _day(column, columns[column], zone)
        late = connection.execute(
            f"select count(*), min({cutoff})::varchar from {quote_relation(*task.examples)}"
            f" where {day} > {cutoff}::date and {has_label(task.label)}",
            values,
        ).fetchall()[0]
        if late[0]:
            where = f", a day of {zone}" if values else ""
            raise ProfilectlError(
                f"task {task.name}: feature {told.get(column, column)!r} cannot have been known at the"
                f" cutoff: {column} is later in {late[0]:,} example(s), first at the cutoff {late[1]}{where}",
                hint="build the feature from rows up to the cutoff only, or leave the column out of the mart",
            )


def _day(column: str, kind: str, zone: str) -> tuple[str, list[str]]:
    """Return the day of a date or timestamp as SQL, and what to bind; the dbt macro ``reporting_day``."""
    name = quote_identifier(column)
    if kind == "DATE":
        return name, []
    instant = name if kind.endswith("WITH TIME ZONE") else f"timezone('UTC', {name}::timestamp)"
    return f"timezone(?, {instant})::date", [zone]


def check_served(connection: duckdb.DuckDBPyConnection, task: Task, examples: Examples) -> None:
    """Refuse a feature that training rows have and no user has at scoring time: it comes from afterwards.

    Raises
    ------
    ProfilectlError
        The message names the feature.
    """
    names = examples.layout.names
    counted = ", ".join(f"count({quote_identifier(name)})" for name in names)
    where = quote_identifier(task.population) if task.population else "true"
    total, *filled = connection.execute(
        f"select count(*), {counted} from {quote_relation(*task.features)} where {where}"
    ).fetchall()[0]
    if total < _ENOUGH_SERVED:
        return
    known = 1.0 - np.isnan(examples.matrix).mean(axis=0)
    for name, share, count in zip(names, known, filled, strict=True):
        if count == 0 and share > _FILLED:
            raise ProfilectlError(
                f"task {task.name}: feature {name!r} is filled in {share:.0%} of the examples and for none of"
                f" {total:,} users at scoring time: it cannot have been known at the cutoff",
                hint="leave the column out of the examples, or build it for the present too",
            )


def check_alone(task: Task, examples: Examples, plan: Plan) -> None:
    """Refuse a feature that alone predicts the label too well to be true (AUC or R² above ``max_alone``).

    A small tree per feature, learnt on one half of the users and judged on the other.

    Raises
    ------
    ProfilectlError
        The message names the feature and the figure.
    """
    learnt = plan.learnt
    if len(learnt) > _TREE_ROWS:
        learnt = learnt[np.linspace(0, len(learnt) - 1, _TREE_ROWS).astype(np.int64)]
    label = examples.label[learnt]
    half = np.unique(examples.users[learnt], return_inverse=True)[1] % 2
    if any(len(np.unique(label[half == side])) < 2 for side in (0, 1)):
        return
    for position, name in enumerate(examples.layout.names):
        found = _alone(task.kind, examples.matrix[learnt, position], label, half)
        if found > task.max_alone:
            measure = "AUC" if task.kind == "classification" else "R²"
            raise ProfilectlError(
                f"task {task.name}: feature {name!r} alone predicts {task.label} with {measure} {found:.4f},"
                f" too well to be true (limit {task.max_alone:g}): it probably knows the outcome",
                hint="leave the column out; if it is right, raise the task's max_alone"
                if task.as_of
                else f"leave the column out: --without {shlex.quote(name)}",
            )


def check_folds(task_name: str, users: NDArray[np.object_], folds: Folds) -> None:
    """Refuse folds with the same user on both sides.

    Raises
    ------
    ProfilectlError
        The message names the first such user's fold.
    """
    numbers = np.unique(users, return_inverse=True)[1]
    for place, (learnt, judged) in enumerate(folds.pairs, start=1):
        both = np.intersect1d(numbers[learnt], numbers[judged])
        if len(both):
            raise ProfilectlError(
                f"task {task_name}: {len(both)} user(s) are on both sides of fold {place}",
                hint="group the folds by user",
            )


def _alone(
    kind: str, values: NDArray[np.float64], label: NDArray[np.float64], half: NDArray[np.int64]
) -> float:
    known = values[~np.isnan(values)]
    if len(known) == 0 or (np.ptp(known) == 0 and len(known) == len(values)):
        return 0.0
    column, figures = values[:, None], []
    for side in (0, 1):
        learnt, judged = half != side, half == side
        if kind == "classification":
            tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=5, random_state=0)
            tree.fit(column[learnt], label[learnt])
            figures.append(roc_auc_score(label[judged], tree.predict_proba(column[judged])[:, 1]))
        else:
            # Deep enough to follow a straight line closely: the label itself gives an R² near 1.
            tree = DecisionTreeRegressor(max_depth=8, min_samples_leaf=3, random_state=0)
            tree.fit(column[learnt], label[learnt])
            figures.append(r2_score(label[judged], tree.predict(column[judged])))
    return float(min(figures))

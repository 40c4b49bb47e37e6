"""Learning from a table in memory: the automatic choice as a function, without warehouse and registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.candidates import DEFAULT_CANDIDATES
from profilectl_ml.choosing import Choice, choose
from profilectl_ml.comparing import Question, Rows, fit, quiet
from profilectl_ml.data import Examples, layout_of
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.folds import Folds, fold_count, grouped_folds, make_folds
from profilectl_ml.layout import Layout
from profilectl_ml.predicting import predict_bounded
from profilectl_ml.recipes import Recipe
from profilectl_ml.splits import validation_folds
from profilectl_ml.tasks import Task, default_metric

Floats = NDArray[np.float64]
# Candidates are told apart on so many rows; what was chosen is fitted on all of them.
MOST_COMPARED = 30_000


@dataclass(frozen=True)
class Learnt:
    """A fitted choice.

    Attributes
    ----------
    layout
        The columns it reads.
    estimator
        The winner, fitted on every row.
    choice
        What it was chosen from, and why.
    minimum
        Predictions below are raised to it.
    """

    layout: Layout
    estimator: Any
    choice: Choice
    minimum: float | None

    def predict(self, frame: pa.Table) -> Floats:
        """Return an amount, or the probability of 1, for each row of ``frame``, shape ``(rows,)``."""
        with threadpool_limits(1):
            return predict_bounded(self.estimator, self.layout.matrix(frame), self.minimum)


def learn(
    kind: str,
    frame: pa.Table,
    label: Floats,
    *,
    users: NDArray[Any] | None = None,
    times: NDArray[np.datetime64] | None = None,
    horizon_days: int = 1,
    seed: int = 42,
    candidates: tuple[str, ...] = (),
    metric: str | None = None,
    minimum: float | None = None,
    budget_seconds: float = Task.budget_seconds,
) -> Learnt:
    """Compare the candidates on folds of these rows, and fit the chosen one on all of them.

    Parameters
    ----------
    kind
        ``regression`` or ``classification``.
    frame
        Features: numbers, truth values, and texts of few values; other columns are not looked at.
    label
        Shape ``(rows,)``: amounts, or 0 and 1.
    users
        Whose row it is, shape ``(rows,)``: nobody is on both sides of a fold. Every row is a user by default.
    times
        Cutoff of each row, shape ``(rows,)``; folds are then out of time, ``horizon_days`` apart.
    seed, candidates, metric, minimum, budget_seconds
        As in :class:`profilectl_ml.tasks.Task`; by default every candidate that needs no extra.

    Raises
    ------
    ProfilectlError
        If no column can be learnt from, or there are too few users or cutoffs for folds.

    Examples
    --------
    >>> frame = pa.table({"x": [float(i % 10) for i in range(200)]})
    >>> learnt = learn("regression", frame, np.arange(200) % 10 * 3.0, candidates=("linear",))
    >>> learnt.choice.winner.name, round(float(learnt.predict(pa.table({"x": [4.0]}))[0]), 6)
    ('linear', 12.0)
    """
    label = np.asarray(label, dtype=np.float64)
    layout = layout_of(frame, _usable(frame))
    if not layout.names:
        raise ProfilectlError("the table has no column to learn from")
    matrix = layout.matrix(frame)
    whose = np.arange(len(label)).astype(str) if users is None else np.asarray(users).astype(str)
    rows = Rows(matrix, label, whose)
    question = Question(
        Recipe(layout, seed, kind),
        metric or default_metric(kind),
        candidates or DEFAULT_CANDIDATES[kind],
        minimum,
        budget_seconds,
    )
    quiet()
    # One thread per fit: sums then have one order, so the same data give the same bits.
    with threadpool_limits(1):
        part = _compared_rows(rows)
        some = rows if part is None else Rows(matrix[part], label[part], whose[part])
        days = None if times is None else times.astype("datetime64[D]")
        folds = _folds(
            kind, some, layout, days if days is None or part is None else days[part], horizon_days, seed
        )
        choice = choose(question, some, folds, lambda share, what: None)
        return Learnt(layout, fit(choice.winner.estimator, matrix, label), choice, minimum)


def _usable(frame: pa.Table) -> list[str]:
    """Return the columns in alphabetical order, so that their order changes nothing."""

    def usable(kind: pa.DataType) -> bool:
        tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
        return any(test(kind) for test in (*tests, pa.types.is_string, pa.types.is_dictionary))

    return sorted(one.name for one in frame.schema if usable(one.type))


def _compared_rows(rows: Rows) -> NDArray[np.int64] | None:
    """Return the rows of a fixed sample of the users, or None where all can be compared on."""
    if len(rows.label) <= MOST_COMPARED:
        return None
    # By a second hash of sorts, so that the sample is no sample of the smaller tries.
    _, first = np.unique(rows.number, return_index=True)
    order = np.argsort((rows.spread[first] * 7919 + rows.number[first]) % 10_007, kind="stable")
    taken = np.zeros(len(first), dtype=bool)
    taken[order[: max(2, len(first) * MOST_COMPARED // len(rows.label))]] = True
    return np.flatnonzero(taken[rows.number])


def _folds(
    kind: str, rows: Rows, layout: Layout, times: NDArray[np.datetime64] | None, horizon: int, seed: int
) -> Folds:
    if times is None:
        return grouped_folds(rows.label, rows.number, kind, fold_count(len(rows.label)), seed)
    days = times.astype("datetime64[D]")
    examples = Examples(layout, rows.matrix, rows.label, rows.users.astype(object), days, "")
    return make_folds(examples, validation_folds(sorted(set(days.tolist())), horizon))

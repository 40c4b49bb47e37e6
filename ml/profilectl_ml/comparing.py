"""Comparing candidates on the same folds, by successive halving of their settings within a time budget."""

from __future__ import annotations

import time
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.calibration import calibrate
from profilectl_ml.candidates import candidates
from profilectl_ml.estimators import CalibratedModel
from profilectl_ml.folds import Folds
from profilectl_ml.losses import row_losses
from profilectl_ml.predicting import bounded, raw_predictions
from profilectl_ml.recipes import BASELINE, Candidate, Params, Recipe

Floats = NDArray[np.float64]
Tell = Callable[[float, str], None]
_WORKERS = 2
# Shares of the users that settings are first tried on, where that leaves enough rows to tell them apart.
_SHARES, _ENOUGH_ROWS = (0.25, 0.5), 2000
_SPREAD = 1000


@dataclass(frozen=True)
class Question:
    """What candidates are asked, and how answers are judged.

    Attributes
    ----------
    recipe
        What they are built from.
    metric
        One of ``LOSS_NAMES`` of the recipe's kind.
    names
        Candidates, from ``CANDIDATE_NAMES`` of the kind.
    minimum
        Predictions below are raised to it.
    budget_seconds
        After that no further setting is tried. The baseline and one candidate are always compared; a budget
        that was reached is reported, since another machine may reach it elsewhere.
    """

    recipe: Recipe
    metric: str
    names: tuple[str, ...]
    minimum: float | None = None
    budget_seconds: float = 600.0


@dataclass(frozen=True)
class Rows:
    """Labelled rows: ``matrix`` (rows, features), ``label`` (rows,), ``users`` (rows,), ids of any kind."""

    matrix: Floats
    label: Floats
    users: NDArray[Any]
    number: NDArray[np.int64] = field(init=False)
    spread: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        unique, number = np.unique(self.users, return_inverse=True)
        # By the id alone, so that neither the order of rows nor other users change who is in a smaller try.
        spread = np.array([zlib.crc32(f"spread {u}".encode()) % _SPREAD for u in unique], dtype=np.int64)
        object.__setattr__(self, "number", number.astype(np.int64))
        object.__setattr__(self, "spread", spread[number])


@dataclass(frozen=True)
class Trial:
    """One setting, tried on a share of the users: its mean loss and how long it took."""

    candidate: str
    params: Params
    share: float
    loss: float
    seconds: float


@dataclass(frozen=True)
class Compared:
    """A candidate with its best setting and its out-of-fold predictions.

    Attributes
    ----------
    name, complexity, params
        What was compared, and with which setting.
    estimator
        Unfitted, its calibration included.
    predicted
        Out-of-fold predictions, calibrated and bounded, aligned with ``Folds.rows``.
    unbounded
        The same before they were raised to the minimum: a mean of models is raised once, at its end.
    losses, loss
        The loss of each of those rows, and its mean.
    """

    name: str
    complexity: int
    params: Params
    estimator: Any
    predicted: Floats
    unbounded: Floats
    losses: Floats
    loss: float


@dataclass(frozen=True)
class Comparison:
    """Everything that was compared, the baseline first.

    Attributes
    ----------
    compared
        The best setting of each candidate.
    trials
        Every setting that was tried.
    skipped
        Why a candidate or setting was not tried, by candidate.
    """

    compared: list[Compared]
    trials: list[Trial]
    skipped: dict[str, str]


def compare(question: Question, rows: Rows, folds: Folds, tell: Tell) -> Comparison:
    """Return every candidate at its best setting, judged on the folds only."""
    return _Race(question, rows, folds, tell).run()


class _Race:
    def __init__(self, question: Question, rows: Rows, folds: Folds, tell: Tell) -> None:
        self.question, self.rows, self.folds, self.tell = question, rows, folds, tell
        self.field, missing = candidates(question.recipe.kind, question.names)
        self.skipped = dict.fromkeys(missing, "not installed")
        self.actual = rows.label[folds.rows]
        self.half = (rows.spread[folds.rows] % 2).astype(np.int64)
        learnt = np.mean([len(pair[0]) for pair in folds.pairs])
        self.shares = (*(s for s in _SHARES if learnt * s >= _ENOUGH_ROWS), 1.0)
        self.trials: list[Trial] = []
        self.naive = np.zeros(len(self.actual))
        self.started, self.done = time.monotonic(), 0.0
        self.total = sum(sum(n * s for n, s in self._rungs(c)) for c in self.field)

    def run(self) -> Comparison:
        compared: list[Compared] = []
        for candidate in sorted(self.field, key=lambda c: c.complexity):
            best = self._best_setting(candidate, forced=len(compared) < 2)
            if candidate.name == BASELINE and best is not None:
                # Some losses are in units of the baseline's: its own was not known before it was fitted.
                self.naive = best.predicted
                best = self._compared(candidate, best.params, best.unbounded)
                self.trials[0] = replace(self.trials[0], loss=best.loss)
            if best is not None:
                compared.append(best)
        return Comparison(compared, self.trials, self.skipped)

    def _rungs(self, candidate: Candidate) -> list[tuple[int, float]]:
        """Return how many settings are tried on which share: half of them survive each round."""
        count, rungs = len(candidate.space), []
        for share in self.shares:
            # A setting that is alone has nobody to be told apart from: the whole is next.
            if count > 1 or share == 1.0:
                rungs.append((count, share))
                count = max(1, count // 2)
        return rungs

    def _best_setting(self, candidate: Candidate, *, forced: bool) -> Compared | None:
        alive = list(candidate.space)
        for count, share in self._rungs(candidate):
            judged: list[Compared] = []
            for params in alive[:count]:
                late = time.monotonic() - self.started > self.question.budget_seconds
                if late and not (forced and not judged):
                    self.skipped[candidate.name] = f"the {self.question.budget_seconds:g} s were used up"
                    break
                judged.append(self._try(candidate, params, share))
            if not judged:
                return None
            judged.sort(key=lambda c: c.loss)
            alive = [c.params for c in judged]
            if share == 1.0:
                return judged[0]
        raise AssertionError("the last share is the whole")

    def _try(self, candidate: Candidate, params: Params, share: float) -> Compared:
        self.tell(min(self.done / self.total, 1.0), f"comparing {candidate.name}")
        started = time.monotonic()
        model = candidate.build(self.question.recipe, params)
        matrix, label = self.rows.matrix, self.rows.label
        # Settings are told apart on every other fold; what they are worth is found on all of them.
        folds = self.folds if share == 1.0 else self.folds.every_other()

        def judge(pair: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Floats:
            learnt, judged = pair
            if share < 1.0:
                part = learnt[self.rows.spread[learnt] < share * _SPREAD]
                learnt = part if len(np.unique(label[part])) > 1 else learnt
            # OpenMP keeps its limit per thread, so each worker has to set it.
            with threadpool_limits(1, user_api="openmp"):
                fitted = fit(model, matrix[learnt], label[learnt])
                return raw_predictions(fitted, matrix[judged])

        # Folds know nothing of each other, so their number of workers changes no figure; but what is to be
        # fitted alone shares something with every other fit of the process.
        with ThreadPoolExecutor(1 if candidate.alone else _WORKERS) as workers:
            predicted = np.concatenate(list(workers.map(judge, folds.pairs)))
        found = self._compared(candidate, params, predicted, model, folds)
        self.done += share
        self.trials.append(Trial(candidate.name, params, share, found.loss, time.monotonic() - started))
        return found

    def _compared(
        self,
        candidate: Candidate,
        params: Params,
        predicted: Floats,
        model: Any = None,
        folds: Folds | None = None,
    ) -> Compared:
        model = candidate.build(self.question.recipe, params) if model is None else model
        # Where in the order of all judged rows the ones of these folds stand.
        here = slice(None) if folds is None or folds is self.folds else self.folds.even
        return judged_as(
            self.question,
            candidate.name,
            candidate.complexity,
            params,
            model,
            self.actual[here],
            predicted,
            self.naive[here],
            self.half[here],
        )


def judged_as(
    question: Question,
    name: str,
    complexity: int,
    params: Params,
    model: Any,
    actual: Floats,
    predicted: Floats,
    naive: Floats,
    half: NDArray[np.int64],
) -> Compared:
    """Return predictions with their losses, calibrated where they are probabilities, and bounded."""
    kind = question.recipe.kind
    if kind == "classification" and name != BASELINE:
        predicted, calibration = calibrate(actual, predicted, half)
        if calibration is not None:
            model = CalibratedModel(model, calibration.slope, calibration.intercept)
    served = bounded(predicted, question.minimum)
    losses = row_losses(kind, question.metric, actual, served, naive)
    return Compared(name, complexity, params, model, served, predicted, losses, float(losses.mean()))


def fit(model: Any, matrix: Floats, label: Floats) -> Any:
    """Return a fitted copy of ``model``; ``matrix`` (rows, features) and ``label`` (rows,)."""
    return clone(model).fit(matrix, label)


def quiet() -> None:
    """Silence warnings about iteration limits, threads and rare labels: what we chose, or met, is no news.

    For the rest of the process: filters that are put back while folds run in threads come and go at random.
    """
    for message in (
        "Stochastic Optimizer: Maximum iterations",
        "Objective did not converge",
        "lbfgs failed to converge",
        "Liblinear failed to converge",
        "Got `batch_size` less than 1 or larger",
        "X does not have valid feature names",
        "The least populated class in y has only",
        "`sklearn.utils.parallel.delayed` should be used",
    ):
        warnings.filterwarnings("ignore", message=message)

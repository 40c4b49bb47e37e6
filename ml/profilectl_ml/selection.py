"""Comparing candidates on out-of-time folds and choosing one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from profilectl_ml.candidates import BASELINE, Candidate, Params, Recipe
from profilectl_ml.data import Examples
from profilectl_ml.scoring import predict_bounded
from profilectl_ml.splits import USER_GROUPS, TimeSplit, user_groups

# Mean squared errors this close are a tie (bootstrap intervals are ten times wider); the tie goes to the
# smaller absolute error, which a few large spenders cannot decide.
TIE = 0.01
_WORKERS = 2
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """A candidate with its best setting and its out-of-fold predictions.

    Attributes
    ----------
    candidate, params
        What was compared, and the setting of its grid with the smallest squared error.
    predicted
        Out-of-fold predictions, aligned with ``Folds.rows``.
    mse, mae
        Their errors.
    """

    candidate: Candidate
    params: Params
    predicted: NDArray[np.float64]
    mse: float
    mae: float


@dataclass(frozen=True)
class Folds:
    """Row positions per fold: what is learnt from and what is judged."""

    pairs: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Every judged row once, in the folds' order."""
        return np.concatenate([judged for _, judged in self.pairs])


def make_folds(examples: Examples, splits: list[TimeSplit]) -> Folds:
    """Return folds in which neither a user nor a day of a label window is on both sides."""
    group = user_groups(examples.users)
    pairs = []
    for split in splits:
        learnt, judged = examples.at(*split.train), examples.at(split.test)
        for number in range(USER_GROUPS):
            pair = learnt[group[learnt] != number], judged[group[judged] == number]
            if min(map(len, pair)):
                pairs.append(pair)
    return Folds(tuple(pairs))


def fit(candidate: Candidate, params: Params, recipe: Recipe, matrix: NDArray[np.float64], label: Any) -> Any:
    """Return the candidate fitted on ``matrix`` (rows, features) and ``label`` (rows,)."""
    model = candidate.build(recipe, params)
    return model.fit(matrix, label)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the warnings about iteration limits: the limits are ours, reaching them is no news."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")
        warnings.filterwarnings("ignore", message="Objective did not converge")
        yield


def compare(
    candidate: Candidate, recipe: Recipe, examples: Examples, folds: Folds, minimum: float | None, tell: Tell
) -> Compared:
    """Return the best setting of one candidate, judged on the folds only."""
    actual = examples.label[folds.rows]
    best: Compared | None = None
    for params in candidate.grid:
        tell(candidate.name)

        def judge(pair: tuple[NDArray[np.int64], NDArray[np.int64]], params: Params = params) -> Any:
            learnt, judged = pair
            # OpenMP keeps its limit per thread, so each worker has to set it.
            with threadpool_limits(1, user_api="openmp"):
                model = fit(candidate, params, recipe, examples.matrix[learnt], examples.label[learnt])
                return predict_bounded(model, examples.matrix[judged], minimum)

        # Folds know nothing of each other, so their number of workers changes no figure.
        with ThreadPoolExecutor(_WORKERS) as workers:
            predicted = np.concatenate(list(workers.map(judge, folds.pairs)))
        error = actual - predicted
        found = Compared(
            candidate, params, predicted, float(np.mean(error**2)), float(np.mean(np.abs(error)))
        )
        if best is None or found.mse < best.mse:
            best = found
    assert best is not None  # noqa: S101 - no grid is empty
    return best


def choose(compared: list[Compared]) -> Compared:
    """Return the winner: the smallest absolute error within ``TIE`` of the smallest squared error.

    The baseline takes part: if it has the smallest squared error of all, it wins.
    """
    least = min(compared, key=lambda c: c.mse)
    if least.candidate.name == BASELINE:
        return least
    close = [c for c in compared if c.candidate.name != BASELINE and c.mse <= least.mse * (1 + TIE)]
    return min(close, key=lambda c: (c.mae, c.mse, c.candidate.name))

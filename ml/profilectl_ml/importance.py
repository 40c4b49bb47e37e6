"""Permutation importance: how much worse a model gets when one feature is shuffled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from profilectl_ml.evaluation import Floats, mean_interval
from profilectl_ml.losses import row_losses


@dataclass(frozen=True)
class Importance:
    """How much the error rises when one feature is shuffled, with a 95 % interval.

    The error is the RMSE in the label's unit, or the log loss of probabilities.
    """

    feature: str
    importance: float
    low: float
    high: float


def permutation_importance(
    predict: Callable[[Floats], Floats],
    matrix: Floats,
    actual: Floats,
    names: tuple[str, ...],
    *,
    seed: int,
    kind: str = "regression",
    repeats: int = 2,
    max_rows: int = 1500,
) -> list[Importance]:
    """Return every feature's importance, the largest first, ties by name.

    Parameters
    ----------
    predict
        Maps ``(rows, features)`` to ``(rows,)``.
    matrix, actual
        Rows that the model has not learnt from, one per user.
    names
        Names of the columns.
    seed
        Seed of shuffling and resampling.
    kind
        ``regression`` or ``classification``: which error is meant.
    repeats, max_rows
        How often each feature is shuffled, and how many rows (evenly spread) are used.
    """
    if len(matrix) > max_rows:
        pick = np.linspace(0, len(matrix) - 1, max_rows).astype(np.int64)
        matrix, actual = matrix[pick], actual[pick]
    rng = np.random.default_rng(seed)
    metric = "log_loss" if kind == "classification" else "mse"

    def loss(predicted: Floats, rows: Floats) -> Floats:
        return row_losses(kind, metric, rows, predicted, predicted)

    before = loss(predict(matrix), actual)
    rises = np.zeros((len(matrix), len(names)))
    for j in range(len(names)):
        stacked = np.tile(matrix, (repeats, 1))
        stacked[:, j] = np.concatenate([rng.permutation(matrix[:, j]) for _ in range(repeats)])
        if np.array_equal(stacked[:, j], np.tile(matrix[:, j], repeats), equal_nan=True):
            continue
        after = loss(predict(stacked), np.tile(actual, repeats))
        rises[:, j] = after.reshape(repeats, -1).mean(axis=0) - before
    parts = mean_interval(rises, seed=seed)
    if metric == "mse":
        mse = float(before.mean())
        low, mid, high = (np.sqrt(np.clip(mse + part, 0.0, None)) - np.sqrt(mse) for part in parts)
        parts = (low, mid, high)
    found = [Importance(n, *(float(part[j]) for part in parts)) for j, n in enumerate(names)]
    return sorted(found, key=lambda item: (-item.importance, item.feature))

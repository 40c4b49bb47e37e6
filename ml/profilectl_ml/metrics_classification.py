"""How good probabilities are: ordering, calibration and cost, with intervals from resampling users."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
METRICS = ("auc", "average_precision", "brier", "log_loss", "cost", "precision", "recall")
_TINY = 1e-12


class Ranked:
    """Labels and probabilities sorted once, so that thousands of weightings are cheap.

    Parameters
    ----------
    actual, predicted
        Shape ``(rows,)``: 0 or 1, and the probability of 1.
    threshold
        From which probability on a row counts as predicted 1.
    costs
        ``(false positive, false negative)``, in the task's own unit.
    """

    def __init__(
        self, actual: Floats, predicted: Floats, threshold: float, costs: tuple[float, float]
    ) -> None:
        self.order = np.argsort(-predicted, kind="stable")
        y, p = actual[self.order], predicted[self.order]
        self.y = y
        # Rows of equal probability are one step: their order says nothing.
        self.ends = np.flatnonzero(np.append(np.diff(p) != 0, True))
        q = np.clip(p, _TINY, 1 - _TINY)
        above = p >= threshold
        self.terms = np.stack(
            [
                (y - p) ** 2,
                -np.where(y > 0.5, np.log(q), np.log1p(-q)),
                costs[0] * (above & (y < 0.5)) + costs[1] * (~above & (y > 0.5)),
                above & (y > 0.5),
                above,
            ],
            axis=1,
        ).astype(np.float64)

    def metrics(self, weights: Floats) -> Floats:
        """Return ``METRICS`` of each weighting of the rows, shape ``(weightings, len(METRICS))``."""
        w = weights[:, self.order]
        total = w.sum(axis=1)
        hits = np.cumsum(w * self.y, axis=1)[:, self.ends]
        misses = np.cumsum(w * (1 - self.y), axis=1)[:, self.ends]
        positive, negative = hits[:, -1], misses[:, -1]
        step = np.diff(hits, axis=1, prepend=0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            # Each positive beats the negatives ranked below it, and half of those beside it.
            beaten = negative[:, None] - misses + 0.5 * np.diff(misses, axis=1, prepend=0.0)
            auc = (step * beaten).sum(axis=1) / (positive * negative)
            precision_at = np.where(hits + misses > 0, hits / (hits + misses), 0.0)
            average = (step * precision_at).sum(axis=1) / positive
            sums = w @ self.terms
            brier, log_loss, cost = (sums[:, i] / total for i in range(3))
            precision, recall = sums[:, 3] / sums[:, 4], sums[:, 3] / positive
        found = np.stack([auc, average, brier, log_loss, cost, precision, recall], axis=1)
        # One class only in a resample: nothing to order; nobody above the threshold: no precision.
        found[:, 0] = np.where(np.isfinite(found[:, 0]), found[:, 0], 0.5)
        return np.asarray(np.nan_to_num(found), dtype=np.float64)


def best_threshold(actual: Floats, predicted: Floats, costs: tuple[float, float]) -> float:
    """Return the threshold with the smallest total cost on these rows, halfway between two probabilities.

    Examples
    --------
    >>> best_threshold(np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.6]), (1.0, 1.0))
    0.4
    """
    order = np.argsort(-predicted, kind="stable")
    y, p = actual[order], predicted[order]
    ends = np.flatnonzero(np.append(np.diff(p) != 0, True))
    false_positive = np.append(0.0, np.cumsum(1 - y)[ends])
    false_negative = np.append(y.sum(), y.sum() - np.cumsum(y)[ends])
    at = int(np.argmin(costs[0] * false_positive + costs[1] * false_negative))
    above = 1.0 if at == 0 else float(p[ends[at - 1]])
    below = 0.0 if at == len(ends) else float(p[ends[at]])
    return round((above + below) / 2, 12)


def reliability(actual: Floats, predicted: Floats, bins: int = 10) -> list[tuple[int, int, float, float]]:
    """Return ``(bin, rows, mean probability, share of ones)`` over bins of equally many rows."""
    order = np.argsort(predicted, kind="stable")
    parts: Iterable[NDArray[np.int64]] = np.array_split(order, min(bins, len(order)))
    return [
        (number, len(part), float(predicted[part].mean()), float(actual[part].mean()))
        for number, part in enumerate(parts)
    ]

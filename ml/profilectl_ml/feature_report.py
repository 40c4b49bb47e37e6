"""What each feature is worth by itself: relevance, redundancy, stability, and whether selection keeps it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from profilectl_ml.comparing import Rows
from profilectl_ml.estimators import InformativeColumns
from profilectl_ml.folds import Folds
from profilectl_ml.layout import Layout
from profilectl_ml.stability import stability_index

Floats = NDArray[np.float64]
_ROWS = 5000


@dataclass(frozen=True)
class FeatureFacts:
    """One feature.

    Attributes
    ----------
    feature
        Its name.
    relevance
        How far it goes with the label, 0 to 1: the absolute rank correlation of a number; of a category the
        correlation ratio with the label's ranks, less what as many levels would share by chance (epsilon
        squared: Kelley 1935), its root.
    redundancy, redundant_with
        The same with a more relevant feature, the largest of them, and which that is; of two categories
        Cramér's V, corrected likewise (Bergsma 2013).
    psi
        Population stability index between the earliest and the latest rows learnt from: below 0.1 it
        stands still, above 0.25 it moved (Siddiqi, Credit Risk Scorecards, 2006); None without time.
    selected
        Share of the folds in which the preparation keeps the column; categories are always kept.
    """

    feature: str
    relevance: float
    redundancy: float
    redundant_with: str | None
    psi: float | None
    selected: float


def feature_report(
    layout: Layout,
    rows: Rows,
    folds: Folds,
    learnt: NDArray[np.int64],
    cutoffs: NDArray[np.datetime64],
) -> list[FeatureFacts]:
    """Return the facts of every feature, the most relevant first.

    Parameters
    ----------
    rows, folds
        What candidates were compared on.
    learnt
        Rows that may be looked at: never the test rows.
    cutoffs
        Day of each row, shape ``(rows,)``.
    """
    sample = learnt[np.linspace(0, len(learnt) - 1, min(_ROWS, len(learnt))).astype(np.int64)]
    size = _associations(rows.matrix[sample], rows.label[sample], layout.categorical)
    relevance, between = size[:-1, -1], size[:-1, :-1]
    order = sorted(range(len(layout.names)), key=lambda j: (-relevance[j], layout.names[j]))
    psi = _movement(rows.matrix[learnt], cutoffs[learnt])
    kept = np.mean([_kept(rows.matrix[a]) for a, _ in folds.pairs], axis=0)
    kept[layout.categorical] = 1.0
    found = []
    for place, j in enumerate(order):
        above = order[:place]
        nearest = above[int(np.argmax(between[j, above]))] if above else None
        found.append(
            FeatureFacts(
                feature=layout.names[j],
                relevance=float(relevance[j]),
                redundancy=0.0 if nearest is None else float(between[j, nearest]),
                redundant_with=None if nearest is None else layout.names[nearest],
                psi=None if psi is None else float(psi[j]),
                selected=float(kept[j]),
            )
        )
    return found


def _movement(matrix: Floats, cutoffs: NDArray[np.datetime64]) -> Floats | None:
    if np.isnat(cutoffs).any() or cutoffs.min() == cutoffs.max():
        return None
    first, last = matrix[cutoffs == cutoffs.min()], matrix[cutoffs == cutoffs.max()]
    return np.array([stability_index(first[:, j], last[:, j]) for j in range(matrix.shape[1])])


def _kept(matrix: Floats) -> NDArray[np.bool_]:
    return np.asarray(InformativeColumns().fit(_filled(matrix)).get_support())


def _filled(matrix: Floats) -> Floats:
    with np.errstate(all="ignore"):
        missing = np.isnan(matrix)
        middle = np.where(
            missing.all(axis=0), 0.0, np.nanmedian(np.where(missing.all(axis=0), 0.0, matrix), axis=0)
        )
    return np.where(missing, middle, matrix)


def _associations(matrix: Floats, label: Floats, categorical: list[int]) -> Floats:
    """Return how far each two of the features and the label, which comes last, go together."""
    both = np.column_stack([_filled(matrix), label])
    ranks = np.apply_along_axis(rankdata, 0, both)
    found = np.abs(_correlation(ranks))
    # Numbers of levels say nothing of their order; what is missing is a level too.
    levels = {j: np.unique(matrix[:, j], return_inverse=True)[1] for j in categorical}
    for j in categorical:
        for other in range(both.shape[1]):
            if other not in levels:
                found[j, other] = found[other, j] = _correlation_ratio(levels[j], ranks[:, other])
            elif other < j:
                found[j, other] = found[other, j] = _cramers_v(levels[j], levels[other])
    return found


def _correlation_ratio(level: NDArray[np.int64], values: Floats) -> float:
    count = np.bincount(level)
    freedom = len(values) - len(count)
    centred = values - values.mean()
    total = float(centred @ centred)
    if freedom < 1 or total == 0:
        return 0.0
    within = total - float((np.bincount(level, weights=centred) ** 2 / count).sum())
    return float(np.sqrt(max(0.0, 1 - within / freedom * (len(values) - 1) / total)))


def _cramers_v(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    n, shape = len(one), (int(one.max()) + 1, int(other.max()) + 1)
    table = np.bincount(one * shape[1] + other, minlength=shape[0] * shape[1]).reshape(shape)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    by_chance = (shape[0] - 1) * (shape[1] - 1) / (n - 1)
    shared = float(((table - expected) ** 2 / expected).sum()) / n - by_chance
    most = min(k - (k - 1) ** 2 / (n - 1) - 1 for k in shape)
    return float(np.sqrt(min(1.0, max(0.0, shared) / most))) if most > 0 else 0.0


def _correlation(columns: Floats) -> Floats:
    centred = columns - columns.mean(axis=0)
    norms = np.sqrt((centred * centred).sum(axis=0))
    unit = centred / np.where(norms > 0, norms, 1.0)
    return np.asarray(unit.T @ unit, dtype=np.float64)

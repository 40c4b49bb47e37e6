"""How far the values of a feature have moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BINS, _FLOOR = 10, 1e-4


def stability_index(before: Floats, after: Floats) -> float:
    """Return the population stability index of one feature.

    Bins are tenths of ``before``; missing values, and a value that fills a tenth, are bins of their own.

    Examples
    --------
    >>> stability_index(np.arange(100.0), np.arange(100.0))
    0.0
    """
    edges = _edges(before[~np.isnan(before)])

    def shares(values: Floats) -> Floats:
        there = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(edges, there, side="left"), minlength=len(edges) + 1)
        parts = np.append(counts, len(values) - len(there)) / max(len(values), 1)
        return np.asarray(np.clip(parts, _FLOOR, None), dtype=np.float64)

    old, new = shares(before), shares(after)
    return float(np.sum((new - old) * np.log(new / old)))


def _edges(known: Floats) -> Floats:
    """Return the upper edges of the bins but the last, ascending."""
    if not len(known):
        return np.empty(0)
    tenths = np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])
    # Where one value fills a bin, what falls below it would stay in the bin.
    filling = tenths[1:][np.diff(tenths) == 0]
    return np.unique(np.append(tenths, np.nextafter(filling, -np.inf)))

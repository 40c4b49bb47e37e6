"""Which segment of the last run a segment is: the one whose users it holds."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

# A segment is the same one if at least this share of the smaller of the two is in both.
SAME = 0.5


def match(shared: dict[tuple[int, str], int]) -> dict[int, str]:
    """Return which number is which earlier segment.

    Of all ways to pair them, the one with the largest sum of Jaccard indices (users in both over users in
    either), among pairs that share at least ``SAME`` of the smaller.

    Parameters
    ----------
    shared
        Users per number now and name before; who was not there before says nothing about it.

    Examples
    --------
    >>> match({(0, "Often"): 9, (0, "Seldom"): 1, (1, "Seldom"): 10})
    {0: 'Often', 1: 'Seldom'}
    """
    numbers, names = sorted({n for n, _ in shared}), sorted({name for _, name in shared})
    if not shared:
        return {}
    both = np.array([[shared.get((n, name), 0) for name in names] for n in numbers], dtype=float)
    mine, theirs = both.sum(axis=1)[:, None], both.sum(axis=0)[None, :]
    alike = both / (mine + theirs - both)
    same = both >= SAME * np.minimum(mine, theirs)
    rows, columns = linear_sum_assignment(-np.where(same, alike, 0.0))
    return {numbers[i]: names[j] for i, j in zip(rows, columns, strict=True) if same[i, j]}

"""A tree's questions about prepared columns, turned into questions about features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profilectl_ml.compiling.columns import Column, Levels, Number, through
from profilectl_ml.compiling.formula import Split
from profilectl_ml.compiling.numbers import last_at_most
from profilectl_ml.compiling.translating import NotCompilable


@dataclass(frozen=True)
class Asked:
    """Questions "is this column at most that threshold", all of shape ``(questions,)``.

    Attributes
    ----------
    nodes
        Which node of the tree asks.
    columns
        Position of the column.
    thresholds
        64-bit thresholds; a column that is at most that goes left.
    missing_left
        Whether NaN goes left.
    """

    nodes: NDArray[np.int64]
    columns: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    missing_left: NDArray[np.bool_]

    def splits(
        self, columns: list[Column], left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> dict[int, Split]:
        """Return the same questions about features, by node; ``left``, ``right`` are those of all nodes."""
        found: dict[int, Split] = {}
        for place in np.unique(self.columns):
            column, here = columns[place], np.flatnonzero(self.columns == place)
            limits = self._limits(column, here)
            for k, limit in zip(here, limits, strict=True):
                node, threshold, missing = int(self.nodes[k]), self.thresholds[k], bool(self.missing_left[k])
                ways = int(left[node]), int(right[node])
                if isinstance(column, Levels):

                    def goes_left(value: float, t: float = threshold, missing: bool = missing) -> bool:
                        return missing if np.isnan(value) else bool(value <= t)

                    found[node] = split(column, goes_left, *ways)
                else:
                    stays = np.isnan(column.missing)
                    missing = missing if stays else bool(column.missing <= threshold)
                    found[node] = Split(column.feature, float(limit), None, True, missing, *ways)
        return found

    def _limits(self, column: Column, here: NDArray[np.int64]) -> NDArray[np.float64]:
        limits = self.thresholds[here]
        if isinstance(column, Number) and column.steps:
            # Scaling and rounding keep order, so the question can be put to the feature itself, exactly.
            return last_at_most(lambda x: through(column.steps, x), limits)
        return limits


def split(column: Column, goes_left: Callable[[float], bool], left: int, right: int) -> Split:
    """Return a question about a column of few values, by which of them go left.

    Raises
    ------
    NotCompilable
        If the column has more than a few values.
    """
    if isinstance(column, Number):
        raise NotCompilable("a categorical split on a number that was not encoded has no translation")
    other = goes_left(column.other)
    codes = tuple(sorted(code for code, value in column.values.items() if goes_left(value) != other))
    return Split(column.feature, -np.inf, codes, not other, goes_left(column.missing), left, right)

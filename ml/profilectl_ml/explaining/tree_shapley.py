"""Exact Shapley values of decision trees, path-dependent, for many rows at once.

What a tree says when some features are unknown is the mean over both ways, weighted by how many training
rows went each way (Lundberg and others, Nature Machine Intelligence 2020). Of a leaf, that game is a product
over the features on its path: 1 or 0 if the feature is known, the share of rows that stay on the path if not.
So its Shapley values are an integral over z from 0 to 1 of products of ``known * z + share * (1 - z)``, a
polynomial that a few Gauss-Legendre points integrate exactly. The players are features: all questions about
one, one-hot columns too, are one player.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profilectl_ml.compiling.formula import Split, Tree

Floats = NDArray[np.float64]
_MAX_QUESTIONS = 16  # of trees whose answers are a number that a table is looked up by
_MAX_TABLE = 10  # features on a path; one more doubles the leaf's table


@dataclass(frozen=True)
class _Leaf:
    """A leaf: per feature on its path (as positions in the tree's list) the answers that lead here."""

    value: float
    features: list[int]
    answers: list[list[tuple[int, bool]]]
    shares: Floats


class TreeShapley:
    """Shapley values of one tree.

    Attributes
    ----------
    features
        Positions in the layout of the features the tree asks about.
    base
        The mean of the leaves over the training rows.
    """

    def __init__(self, tree: Tree) -> None:
        self._splits: list[Split] = []
        self._leaves: list[_Leaf] = []
        self.features: list[int] = sorted({n.split.feature for n in tree if n.split is not None})
        self._walk(tree)
        self.base = float(sum(leaf.value * leaf.shares.prod() for leaf in self._leaves))
        self._tables = [
            _leaf_table(leaf) if len(leaf.features) <= _MAX_TABLE else None for leaf in self._leaves
        ]
        small = len(self._splits) <= _MAX_QUESTIONS
        # Few of the possible combinations of answers occur; each is worked out when it is first met.
        self._place = np.full(1 << len(self._splits), -1, dtype=np.int32) if small else None
        self._known = np.zeros((len(self.features), 0))

    def add_to(self, out: Floats, matrix: Floats, factor: float = 1.0) -> None:
        """Add ``factor`` times the Shapley values to ``out``, shape ``(features, rows)``.

        Parameters
        ----------
        matrix
            Shape ``(rows, features)``, columns contiguous; NaN is missing.
        """
        if not self._splits:
            return
        answers = [_goes_left(split, matrix) for split in self._splits]
        if self._place is None:
            values, place = self._values(answers), None
        else:
            code = np.zeros(len(matrix), dtype=np.int32)
            for k, left in enumerate(answers):
                code |= left.astype(np.int32) << k
            values, place = self._looked_up(code)
        for k, feature in enumerate(self.features):
            out[feature] += factor * (values[k] if place is None else values[k].take(place))

    def _looked_up(self, code: NDArray[np.int32]) -> tuple[Floats, NDArray[np.int32]]:
        assert self._place is not None  # noqa: S101 - for the type checker
        place = self._place[code]
        if (place < 0).any():
            new = np.unique(code[place < 0])
            answers = [((new >> k) & 1).astype(bool) for k in range(len(self._splits))]
            self._place[new] = np.arange(len(new), dtype=np.int32) + self._known.shape[1]
            self._known = np.concatenate([self._known, self._values(answers)], axis=1)
            place = self._place[code]
        return self._known, place

    def _values(self, answers: list[NDArray[np.bool_]]) -> Floats:
        out = np.zeros((len(self.features), len(answers[0])))
        for leaf, table in zip(self._leaves, self._tables, strict=True):
            met = [_all_met(wanted, answers) for wanted in leaf.answers]
            if table is None:
                found = _shapley(np.stack(met).astype(np.float64), leaf.shares)
                for k, feature in enumerate(leaf.features):
                    out[feature] += leaf.value * found[k]
                continue
            code = np.zeros(len(answers[0]), dtype=np.intp)
            for k, one in enumerate(met):
                code |= one.astype(np.intp) << k
            for k, feature in enumerate(leaf.features):
                out[feature] += table[k].take(code)
        return out

    def _walk(self, tree: Tree) -> None:
        # Per node: where it is, and per feature on the way the answers and the share of rows they keep.
        waiting: list[tuple[int, dict[int, tuple[list[tuple[int, bool]], float]]]] = [(0, {})]
        while waiting:
            place, path = waiting.pop()
            node = tree[place]
            if node.split is None:
                self._leaves.append(
                    _Leaf(
                        node.value,
                        list(path),
                        [answers for answers, _ in path.values()],
                        np.array([share for _, share in path.values()]),
                    )
                )
                continue
            question, player = len(self._splits), self.features.index(node.split.feature)
            self._splits.append(node.split)
            answers, share = path.get(player, ([], 1.0))
            for left, child in ((True, node.split.left), (False, node.split.right)):
                kept = share * tree[child].cover / node.cover
                waiting.append((child, {**path, player: ([*answers, (question, left)], kept)}))


def _goes_left(split: Split, matrix: Floats) -> NDArray[np.bool_]:
    x = matrix[:, split.feature]
    if split.codes is None:
        # NaN is at most nothing and above nothing: both comparisons are false for it.
        return np.asarray(~(x > split.threshold) if split.missing_left else x <= split.threshold)
    left: NDArray[np.bool_] = np.isin(x, split.codes) == split.codes_left
    left[np.isnan(x)] = split.missing_left
    return left


def _all_met(wanted: list[tuple[int, bool]], answers: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    (first, left), *rest = wanted
    met = answers[first] if left else ~answers[first]
    for question, left in rest:
        met = met & (answers[question] if left else ~answers[question])
    return met


def _leaf_table(leaf: _Leaf) -> Floats:
    """Return a leaf's Shapley values by which features keep to the path, ``(features, 2**features)``."""
    count = len(leaf.features)
    bits = (np.arange(1 << count) >> np.arange(count)[:, None]) & 1
    return leaf.value * _shapley(bits.astype(np.float64), leaf.shares)


def _shapley(known: Floats, shares: Floats) -> Floats:
    """Return the Shapley values of a product game, shape ``(players, rows)``.

    Parameters
    ----------
    known
        What each player contributes as a factor when known, ``(players, rows)``.
    shares
        The factor when not known, ``(players,)``.
    """
    share = shares[:, None]
    out = np.zeros_like(known)
    points, weights = np.polynomial.legendre.leggauss(max(1, (len(shares) + 1) // 2))
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        factors = known * point + share * (1 - point)
        others = _product_of_others(factors)
        out += weight * others
    return out * (known - share)


def _product_of_others(factors: Floats) -> Floats:
    """Return for each row of ``factors`` the product of all other rows; no division: a share may be 0."""
    before, after = np.ones_like(factors), np.ones_like(factors)
    np.cumprod(factors[:-1], axis=0, out=before[1:])
    np.cumprod(factors[:0:-1], axis=0, out=after[-2::-1])
    return before * after

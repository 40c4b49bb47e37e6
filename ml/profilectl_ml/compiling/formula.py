"""What a fitted model computes, as formulas over features; SQL and reasons are both made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from profilectl_ml.compiling.columns import Column


@dataclass(frozen=True)
class Linear:
    """``constant`` plus the weighted sum of columns, each a function of one feature."""

    constant: float
    terms: tuple[tuple[float, Column], ...] = ()


@dataclass(frozen=True)
class Split:
    """A question about one feature.

    Attributes
    ----------
    feature
        Position in the layout.
    threshold
        Values up to it go left; -inf: none that is there does. Not used if there are codes.
    codes, codes_left
        For categories: a code goes left if being one of ``codes`` equals ``codes_left``.
    missing_left
        Whether missing values go left.
    left, right
        Positions of the next nodes in the tree.
    """

    feature: int
    threshold: float
    codes: tuple[float, ...] | None
    codes_left: bool
    missing_left: bool
    left: int
    right: int


@dataclass(frozen=True)
class Node:
    """A node of a tree: its value (used in leaves), how many training rows reached it, and its question."""

    value: float
    cover: float
    split: Split | None = None


Tree = tuple[Node, ...]


@dataclass(frozen=True)
class Trees:
    """``constant`` plus ``factor`` times the sum of the trees."""

    constant: float
    factor: float
    trees: tuple[Tree, ...]


@dataclass(frozen=True)
class Sum:
    """``constant`` plus the weighted sum of other formulas."""

    constant: float
    parts: tuple[tuple[float, Formula], ...]


@dataclass(frozen=True)
class Apply:
    """A growing function of another formula: ``exp``, ``expm1``, ``sigmoid``, ``logit`` or ``square``."""

    function: str
    inner: Formula


@dataclass(frozen=True)
class Clip:
    """Another formula kept within bounds, either of which may be infinite."""

    inner: Formula
    low: float = -np.inf
    high: float = np.inf


Formula = Linear | Trees | Sum | Apply | Clip


def weighted(parts: Sequence[Formula], weights: Sequence[float] | None) -> Sum:
    """Return the weighted mean of formulas; equal weights if None."""
    shares = np.ones(len(parts)) if weights is None else np.asarray(weights, dtype=np.float64)
    return Sum(0.0, tuple((float(w), f) for w, f in zip(shares / shares.sum(), parts, strict=True)))


def count_nodes(formula: Formula) -> int:
    """Return how many tree nodes a formula holds."""
    if isinstance(formula, Trees):
        return sum(len(tree) for tree in formula.trees)
    if isinstance(formula, Sum):
        return sum(count_nodes(part) for _, part in formula.parts)
    if isinstance(formula, (Apply, Clip)):
        return count_nodes(formula.inner)
    return 0


def depth(tree: Tree) -> int:
    """Return the number of questions on the longest way through a tree."""
    longest, waiting = 0, [(0, 0)]
    while waiting:
        place, passed = waiting.pop()
        longest = max(longest, passed)
        split = tree[place].split
        if split is not None:
            waiting += [(split.left, passed + 1), (split.right, passed + 1)]
    return longest


def expected(tree: Tree) -> float:
    """Return the mean of a tree's leaves, weighted by how many training rows reached them."""
    leaves = [node for node in tree if node.split is None]
    total = sum(leaf.cover for leaf in leaves)
    return sum(leaf.value * leaf.cover for leaf in leaves) / total

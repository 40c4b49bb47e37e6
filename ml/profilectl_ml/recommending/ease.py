"""EASE: a linear model of every item from all others, in closed form.

Of matrix ``X`` (users, items), ``B`` minimises ``|X - X B|² + ridge |B|²`` with nought on the diagonal.
With ``P = (X'X + ridge)⁻¹`` it is ``B = I - P / diag(P)`` by columns. That inverts a matrix of items;
where users are fewer, ``P = (I - X' A X) / ridge`` with ``A = (X X' + ridge)⁻¹`` inverts one of users
instead and is the same, so thousands of items cost no more than the users that bought them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix, diags

# Inverting 4,000 rows takes about three seconds on one core, and time grows with the cube.
MAX_SIDE = 4_000


@dataclass(frozen=True)
class EaseSetting:
    """``ridge``, times of the mean diagonal of ``X'X``; columns are divided by popularity to ``power``."""

    ridge: float
    power: float


# Around the values that are best on most data; what is best is chosen on validation.
GRID = (EaseSetting(1.5, 0.0), EaseSetting(5.0, 0.0), EaseSetting(15.0, 0.0), EaseSetting(5.0, 0.25))


@dataclass(frozen=True)
class Ease:
    """A fitted model.

    Attributes
    ----------
    scale
        What columns are multiplied with before, and divided by after, shape ``(items,)``.
    weights
        ``B`` of the scaled matrix, shape ``(items, items)``; none in the form over users.
    learnt, solved
        ``X`` and ``A X``, shapes ``(users, items)``, in the form over users.
    diagonal
        ``ridge * diag(P)``, shape ``(items,)``.
    """

    scale: NDArray[np.float32]
    weights: NDArray[np.float32] | None
    learnt: Any
    solved: NDArray[np.float32] | None
    diagonal: NDArray[np.float32]

    def scores(self, rows: Any) -> NDArray[np.float32]:
        """Return ``rows @ B`` for sparse ``rows``, shape ``(n, items)``."""
        scaled = (rows @ diags(self.scale)).tocsr().astype(np.float32)
        if self.weights is not None:
            found = scaled @ self.weights
        else:
            assert self.solved is not None  # noqa: S101 - one of the two forms is there
            explained = np.asarray((scaled @ self.learnt.T).todense(), dtype=np.float32) @ self.solved
            dense = scaled.toarray()
            found = dense - (dense - explained) / self.diagonal
        return np.asarray(found / self.scale, dtype=np.float32)

    def contributions(self, own: NDArray[np.int32], to: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return ``B[own][:, to]`` : what having each of ``own`` adds to the score of ``to``."""
        if self.weights is not None:
            part = self.weights[np.ix_(own, to)]
        else:
            assert self.solved is not None  # noqa: S101 - one of the two forms is there
            explained = np.asarray(self.learnt[:, own].T @ self.solved[:, to])
            part = explained / self.diagonal[to]
            part[own[:, None] == to[None, :]] = 0.0
        return np.asarray(part * self.scale[own][:, None] / self.scale[to][None, :], dtype=np.float32)


def fit_ease(matrix: Any, setting: EaseSetting, sample: NDArray[np.int64] | None = None) -> Ease:
    """Fit EASE on a sparse matrix ``(users, items)``.

    Where both sides exceed ``MAX_SIDE``, at most so many of the rows ``sample`` (of all, by default) are
    learnt from.
    """
    learnt = csr_matrix(matrix, dtype=np.float64)
    users, items = learnt.shape
    if min(users, items) > MAX_SIDE:
        rows = np.arange(users) if sample is None else sample
        learnt = learnt[np.sort(rows[:MAX_SIDE])]
        users = learnt.shape[0]
    had = np.asarray((learnt > 0).sum(axis=0), dtype=np.float64).ravel()
    scale = (had + 1.0) ** -setting.power
    learnt = (learnt @ diags(scale)).tocsr()
    ridge = setting.ridge * max(float(learnt.multiply(learnt).sum()) / items, 1e-9)
    if items <= users:
        gram = (learnt.T @ learnt).toarray()
        inverse = _inverse(gram, ridge)
        diagonal = np.diag(inverse)
        weights = -inverse / diagonal
        np.fill_diagonal(weights, 0.0)
        return Ease(_f32(scale), _f32(weights), None, None, _f32(ridge * diagonal))
    inverse = _inverse((learnt @ learnt.T).toarray(), ridge).astype(np.float32)
    sparse = learnt.astype(np.float32)
    solved = np.ascontiguousarray((sparse.T @ inverse).T)
    explained = np.asarray(sparse.multiply(solved).sum(axis=0)).ravel()
    return Ease(_f32(scale), None, sparse, solved, _f32(1.0 - explained))


def _inverse(gram: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    gram[np.diag_indices_from(gram)] += ridge
    return np.asarray(cho_solve(cho_factor(gram, lower=True), np.eye(len(gram)), overwrite_b=True))


def _f32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)

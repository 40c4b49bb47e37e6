"""The best items of each user, ties always decided alike, and how good they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RECALL_AT, NDCG_AT = 20, 10
FIGURES = ("ndcg", "recall")


def best(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """Return the positions of the ``k`` largest scores per row, the largest first, ties by position.

    Shape ``(rows, min(k, columns))``. Scores of minus infinity come last; the caller drops them.
    """
    rows, columns = scores.shape
    k = min(k, columns)
    if k == columns:
        return np.argsort(-scores, axis=1, kind="stable")
    negative = -scores
    bound = np.partition(negative, k - 1, axis=1)[:, k - 1 : k]
    above, equal = negative < bound, negative == bound
    room = k - above.sum(axis=1, keepdims=True)
    chosen = above | (equal & (np.cumsum(equal, axis=1) <= room))
    places = np.nonzero(chosen)[1].reshape(rows, k)
    order = np.argsort(np.take_along_axis(negative, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def figures(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return NDCG@10 and Recall@20 per user, shape ``(users, 2)``.

    Parameters
    ----------
    hits
        Whether the item at each rank was had, shape ``(users, ranks)``.
    relevant
        How many items were had, at least one, shape ``(users,)``.

    Notes
    -----
    Recall divides by all items had; NDCG's gain is one per item had, its ideal has them all on top.
    """
    discount = 1.0 / np.log2(np.arange(NDCG_AT) + 2.0)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(relevant, NDCG_AT)]
    top = hits[:, :NDCG_AT]
    ndcg = top @ discount[: top.shape[1]] / ideal
    recall = hits[:, :RECALL_AT].sum(axis=1) / relevant
    return np.stack([ndcg, recall], axis=1)

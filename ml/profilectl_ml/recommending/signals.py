"""Signals: what speaks for an item, for a batch of users. Each candidate but ``blend`` is one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profilectl_ml.recommending.ease import Ease
from profilectl_ml.recommending.history import History

Floats = NDArray[np.float32]
BATCH_CELLS = 3_000_000  # users × items scored at once: 12 MB per signal
# After so many later items, an item says half as much about the next one.
_LATER_HALF = 3.0


@dataclass(frozen=True)
class Fitted:
    """What was learnt from one history.

    Attributes
    ----------
    similar, following
        Item similarities by row of the item had, CSR ``(items, items)``; none where not asked for.
    ease, ease_recent
        Models of strengths and of recent strengths.
    als
        Factors of users and of items.
    """

    history: History
    similar: Any = None
    following: Any = None
    ease: Ease | None = None
    ease_recent: Ease | None = None
    als: tuple[Floats, Floats] | None = None
    _rows: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The signals there are."""
        return tuple(self.batch(slice(0, 1)))

    def rows(self, name: str) -> Any:
        """Return a kind of strengths, CSR ``(users, items)``: see ``strengths``."""
        if name not in self._rows:
            self._rows[name] = self.history.matrix(strengths(self.history, name))
        return self._rows[name]

    def batch(self, users: slice | NDArray[np.int64]) -> dict[str, Floats]:
        """Return every signal of some users, each of shape ``(users, items)`` or ``(1, items)``."""
        history = self.history
        found: dict[str, Floats] = {"popularity": history.popularity["users"][None, :]}
        found["personal_frequency"] = history.matrix("count")[users].toarray()
        if history.timed:
            found["popularity_recent"] = history.popularity["users_recent"][None, :]
            found["popularity_week"] = history.popularity["users_week"][None, :]
            found["personal_recent"] = np.asarray(self.rows("long")[users].toarray())
            found["personal_week"] = np.asarray(self.rows("short")[users].toarray())
        if self.similar is not None:
            found["item_item"] = (self.rows("log")[users] @ self.similar).toarray()
        if self.following is not None and history.timed:
            found["next_item"] = (self.rows("later")[users] @ self.following).toarray()
        if self.ease is not None:
            found["ease"] = self.ease.scores(self.rows("log")[users])
            if history.timed:
                found["ease_later"] = self.ease.scores(self.rows("later")[users])
        if self.ease_recent is not None and history.timed:
            found["ease_recent"] = self.ease_recent.scores(self.rows("log_long")[users])
        if self.als is not None:
            found["als"] = self.als[0][users] @ self.als[1].T
        return found

    def batches(self, users: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Divide positions of users so that a batch's matrices stay small."""
        size = max(16, BATCH_CELLS // max(self.history.shape[1], 1))
        return [users[start : start + size] for start in range(0, len(users), size)]


def strengths(history: History, name: str) -> Floats:
    """Return one value per pair: how much it counts that the user had the item.

    ``log`` of times; ``long`` and ``short`` decayed times, never quite nought; ``log_long`` their
    logarithm; ``later`` by how many items the user had later.
    """
    if name == "log":
        count = history.data["count"]
        # All alike carries no strength: plain ones then, not log 2.
        return np.asarray(np.log1p(count) if np.ptp(count) > 0 else np.ones_like(count), dtype=np.float32)
    if name == "log_long":
        return np.log1p(np.maximum(history.data["long"], 1e-6))
    if name == "later":
        return np.asarray(np.exp2(-history.data["later"] / _LATER_HALF), dtype=np.float32)
    return np.asarray(np.maximum(history.data[name], 1e-9), dtype=np.float32)

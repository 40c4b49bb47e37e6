"""The blend: a logistic regression over the signals says how likely a user has an item next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from profilectl_ml.recommending.history import History
from profilectl_ml.recommending.ranking import best

# Items per signal that the blend ranks: twice as many change no figure's third digit and take twice the time.
POOL = 50
_REGULARISATION = 0.1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """Weights of the features, by name, and what they are centred and scaled by."""

    names: tuple[str, ...]
    mean: Floats
    spread: Floats
    weights: Floats
    intercept: float

    def scores(self, features: Floats) -> Floats:
        """Return the logarithm of the odds, shape ``(pairs,)``."""
        return np.asarray((features - self.mean) / self.spread @ self.weights + self.intercept)

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> Blend:
        """Return the blend that ``as_dict`` wrote."""
        weights = given["weights"]
        mean, spread = (np.array(given[key], dtype=np.float64) for key in ("mean", "spread"))
        values = np.array(list(weights.values()), dtype=np.float64)
        return Blend(tuple(weights), mean, spread, values, float(given["intercept"]))

    def as_dict(self) -> dict[str, Any]:
        """Return the blend as plain values, for JSON."""
        weights = dict(zip(self.names, map(float, self.weights), strict=True))
        scaling = [list(map(float, part)) for part in (self.mean, self.spread)]
        return {"weights": weights, "mean": scaling[0], "spread": scaling[1], "intercept": self.intercept}


@dataclass(frozen=True)
class Pairs:
    """The pool of a batch: position of the user in the batch, item, features ``(pairs, features)``."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    features: Floats
    names: tuple[str, ...]


def tops_of(signals: dict[str, NDArray[np.float32]], allowed: Any) -> dict[str, NDArray[np.int64]]:
    """Return the best ``POOL`` items of each signal among those allowed, by name: ``(users, POOL)``."""
    return {
        name: best(np.where(allowed, values, np.float32(-np.inf)), POOL) for name, values in signals.items()
    }


def pool_of(
    history: History,
    users: NDArray[np.int64],
    signals: dict[str, NDArray[np.float32]],
    tops: dict[str, NDArray[np.int64]],
    allowed: Any,
) -> Pairs:
    """Return the pairs that the blend ranks, in order of user and item, with their features.

    Per signal: its logarithm, the logarithm of its rank within the pool, and its share of the user's
    largest; beside them how long ago, how often, and how active the user and how sticky the item is.

    Parameters
    ----------
    users
        Positions of the users.
    signals
        By name, each of shape ``(users, items)`` or ``(1, items)``.
    tops
        The best items of each signal.
    allowed
        Which items may be recommended, boolean ``(users, items)``.
    """
    shape = allowed.shape
    chosen = np.zeros(shape, dtype=bool)
    for top in tops.values():
        np.put_along_axis(chosen, top, True, axis=1)
    chosen &= allowed
    user, item = np.nonzero(chosen)
    starts = np.searchsorted(user, np.arange(shape[0]))
    filled = starts < np.append(starts[1:], len(user))
    columns: dict[str, Floats] = {}
    for name, values in signals.items():
        given = (values[0, item] if len(values) == 1 else values[user, item]).astype(np.float64)
        place = np.empty(len(user))
        order = np.lexsort((-given, user))  # stable: ties stay in the order of items
        place[order] = np.arange(len(user)) - starts[user]
        largest = np.zeros(shape[0])
        largest[filled] = np.maximum.reduceat(given, starts[filled]) if len(user) else 0.0
        columns[name] = np.log1p(np.maximum(given, 0.0))
        columns[f"{name}_rank"] = np.log1p(place)
        share = np.maximum(given, 0.0) / np.maximum(largest[user], 1e-6)
        columns[f"{name}_share"] = np.log1p(10.0 * share)
    for name in ("since", "first", "count"):
        known = history.matrix(np.log1p(np.maximum(history.data[name], np.float32(0))) + np.float32(1))[
            users
        ].toarray()
        columns[f"{name}_log"] = known[user, item].astype(np.float64)
    columns["had"] = (columns["count_log"] > 0).astype(np.float64)
    columns["again"] = np.log1p(history.popularity["again"])[item].astype(np.float64)
    for name in ("count", "short"):
        total = np.asarray(history.matrix(name)[users].sum(axis=1), dtype=np.float64).ravel()
        columns[f"active_{name}"] = np.log1p(total)[user]
    return Pairs(user, item, np.stack(list(columns.values()), axis=1), tuple(columns))


def fit_blend(
    names: tuple[str, ...], features: Floats, had: NDArray[np.bool_], weight: Floats
) -> Blend | None:
    """Fit a blend; none if no pair, or every pair, was had.

    Parameters
    ----------
    features
        Shape ``(pairs, features)``.
    had
        Whether the user then had the item, shape ``(pairs,)``.
    weight
        Weight of each pair: users with many items must not decide alone.
    """
    if not had.any() or had.all():
        return None
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    model = LogisticRegression(C=_REGULARISATION, max_iter=300)
    model.fit((features - mean) / spread, had, sample_weight=weight / weight.mean())
    return Blend(names, mean, spread, model.coef_[0], float(model.intercept_[0]))

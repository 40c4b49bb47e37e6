"""Which rows are learnt from and which are judged: out of time where there is time, by user always."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from profilectl_ml.data import Examples
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.splits import USER_GROUPS, TimeSplit, out_of_time, user_groups, validation_folds

Rows = NDArray[np.int64]
_QUANTILES = 10


@dataclass(frozen=True)
class Folds:
    """Row positions per fold: what is learnt from and what is judged."""

    pairs: tuple[tuple[Rows, Rows], ...]

    @property
    def rows(self) -> Rows:
        """Every judged row once, in the folds' order."""
        return np.concatenate([judged for _, judged in self.pairs])

    @property
    def number(self) -> Rows:
        """Number of the fold that judges each of ``rows``."""
        return np.repeat(np.arange(len(self.pairs)), [len(judged) for _, judged in self.pairs])

    @property
    def even(self) -> NDArray[np.bool_]:
        """Which of ``rows`` are judged in ``every_other()``."""
        return np.asarray(self.number % 2 == 0)

    def every_other(self) -> Folds:
        """Return the first, third, … fold; out of time these are all days, each with half of the users."""
        return Folds(self.pairs[::2])


@dataclass(frozen=True)
class Plan:
    """How a task is judged.

    Attributes
    ----------
    folds
        For choosing between candidates.
    learnt, judged
        Rows that the judged models learn from, and the test rows that decide on promotion.
    train_cutoffs, test_cutoff
        Their days; none for tables without time.
    how
        In words.
    """

    folds: Folds
    learnt: Rows
    judged: Rows
    how: str
    train_cutoffs: tuple[date, ...] = ()
    test_cutoff: date | None = None


def plan(examples: Examples, kind: str, horizon_days: int, seed: int) -> Plan:
    """Return the out-of-time plan of examples with several cutoffs, the grouped one of those without.

    Raises
    ------
    ProfilectlError
        If there are too few cutoffs or users to learn, to choose and to judge.
    """
    made = _grouped(examples, kind, seed) if examples.timeless else _out_of_time(examples, horizon_days)
    return replace(made, how=f"{made.how}; {examples.sample}") if examples.sample else made


def _out_of_time(examples: Examples, horizon_days: int) -> Plan:
    known = sorted(set(examples.cutoffs.tolist()))
    split = out_of_time(known, horizon_days)
    folds = make_folds(examples, validation_folds(split.train, horizon_days))
    learnt, judged = examples.at(*split.train), examples.at(split.test)
    how = f"learnt from {len(split.train)} cutoff(s) whose label windows ended by {split.test}, judged on it"
    return Plan(folds, learnt, judged, how, split.train, split.test)


def make_folds(examples: Examples, splits: list[TimeSplit]) -> Folds:
    """Return folds in which neither a user nor a day of a label window is on both sides.

    Raises
    ------
    ProfilectlError
        If no fold has labels to tell apart on the side that is learnt from.
    """
    group = user_groups(examples.users)
    pairs = []
    for split in splits:
        learnt, judged = examples.at(*split.train), examples.at(split.test)
        for number in range(USER_GROUPS):
            pair = learnt[group[learnt] != number], judged[group[judged] == number]
            if min(map(len, pair)):
                pairs.append(pair)
    return _that_teach(pairs, examples.label)


def grouped_folds(label: NDArray[np.float64], users: Rows, kind: str, count: int, seed: int) -> Folds:
    """Return ``count`` folds with alike labels and no user on both sides; fewer if there are too few users.

    Parameters
    ----------
    label, users
        Shape ``(rows,)``: the label and the number of the user.
    kind
        Classes are spread evenly over folds; amounts are, by deciles, fewer parts of few users.

    Raises
    ------
    ProfilectlError
        If there are too few users, or no fold has labels to tell apart on the side that is learnt from.
    """
    known = len(np.unique(users))
    if kind == "classification":
        strata = (label > 0.5).astype(np.int64)
    else:
        # Unless amounts are tied, each part holds a row for each fold.
        strata = _quantiles(label, min(_QUANTILES, max(1, known // count)))
    # Folds can be no more than the rows of the largest stratum.
    least = min(count, known, int(np.bincount(strata).max()))
    if least < 2:
        raise ProfilectlError("too few users: there is nobody to judge on")
    split = StratifiedGroupKFold(least, shuffle=True, random_state=seed)
    nothing = np.zeros(len(label))
    pairs = [(learnt, judged) for learnt, judged in split.split(nothing, strata, users) if len(judged)]
    return _that_teach(pairs, label)


def fold_count(rows: int) -> int:
    """Return how many folds so many rows deserve: few rows need many, many rows need few."""
    return int(np.clip(20_000 // max(rows, 1), 3, 10))


def _grouped(examples: Examples, kind: str, seed: int) -> Plan:
    numbers = np.unique(examples.users, return_inverse=True)[1].astype(np.int64)
    learnt, judged = grouped_folds(examples.label, numbers, kind, 5, seed).pairs[0]
    inner = grouped_folds(examples.label[learnt], numbers[learnt], kind, fold_count(len(learnt)), seed)
    folds = Folds(tuple((learnt[a], learnt[b]) for a, b in inner.pairs))
    return Plan(folds, learnt, judged, "a fifth of the users kept aside, the others in folds without time")


def _that_teach(pairs: list[tuple[Rows, Rows]], label: NDArray[np.float64]) -> Folds:
    """Return the folds that learn from more than one label; of one alone no classifier can be fitted."""
    kept = tuple((learnt, judged) for learnt, judged in pairs if np.ptp(label[learnt]) > 0)
    if not kept:
        raise ProfilectlError(
            "the label is the same in all examples that may be learnt from; there is nothing to tell apart",
            hint="land more data, or a longer history",
        )
    return Folds(kept)


def _quantiles(label: NDArray[np.float64], parts: int) -> NDArray[np.int64]:
    edges = np.unique(np.quantile(label, np.linspace(0, 1, parts + 1)[1:-1]))
    return np.searchsorted(edges, label, side="left").astype(np.int64)

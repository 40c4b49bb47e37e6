"""Splits in time: what is learnt from always ends before what is judged begins."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from profilectl_ml.errors import ProfilectlError

USER_GROUPS = 2


@dataclass(frozen=True)
class TimeSplit:
    """Cutoffs to learn from and the cutoff to judge on.

    Attributes
    ----------
    train
        Cutoffs whose label windows all end on or before ``test``, oldest first.
    test
        The later cutoff.
    """

    train: tuple[date, ...]
    test: date


def split_at(cutoffs: Iterable[date], test: date, horizon_days: int) -> TimeSplit:
    """Return the cutoffs that may be learnt from when judging on ``test``.

    A window covers the days after its cutoff up to cutoff + horizon, so a training window that ends
    on the day of ``test`` shares no day with the test window.

    Examples
    --------
    >>> days = [date(2017, 1, 1), date(2017, 1, 20), date(2017, 1, 29)]
    >>> split_at(days, days[-1], 28).train
    (datetime.date(2017, 1, 1),)
    """
    window = timedelta(days=horizon_days)
    return TimeSplit(train=tuple(sorted(c for c in set(cutoffs) if c + window <= test)), test=test)


def out_of_time(cutoffs: Iterable[date], horizon_days: int) -> TimeSplit:
    """Return the split that judges on the latest cutoff.

    Raises
    ------
    ProfilectlError
        If no earlier cutoff's label window has ended by then.
    """
    known = sorted(set(cutoffs))
    split = split_at(known, known[-1], horizon_days) if known else None
    if split is None or not split.train:
        raise ProfilectlError(
            f"cannot split out of time: {len(known)} cutoff(s),"
            f" none of them {horizon_days} days before the last",
            hint="land a longer history, so that training examples exist for several cutoffs",
        )
    return split


def validation_folds(train: Sequence[date], horizon_days: int, folds: int = 3) -> list[TimeSplit]:
    """Return inner out-of-time splits of the training cutoffs, the latest last.

    Parameters
    ----------
    train
        Training cutoffs of the outer split.
    horizon_days
        Length of the label windows in days.
    folds
        At most so many; the latest possible ones are taken, judged windows never overlapping.

    Raises
    ------
    ProfilectlError
        If not even one inner split exists.
    """
    chosen: list[TimeSplit] = []
    for test in sorted(train, reverse=True):
        split = split_at(train, test, horizon_days)
        apart = not chosen or test + timedelta(days=horizon_days) <= chosen[-1].test
        if split.train and apart and len(chosen) < folds:
            chosen.append(split)
    if not chosen:
        raise ProfilectlError(
            f"cannot choose between models: {len(train)} training cutoff(s) leave none to validate on",
            hint=f"three cutoffs {horizon_days} days apart are needed: to learn, to choose, to judge",
        )
    return chosen[::-1]


def user_groups(users: Sequence[str] | NDArray[np.object_], groups: int = USER_GROUPS) -> NDArray[np.int64]:
    """Return a group number per user, from the id alone: stable across runs, machines and row orders."""
    return np.fromiter(
        (zlib.crc32(str(u).encode()) % groups for u in users), dtype=np.int64, count=len(users)
    )

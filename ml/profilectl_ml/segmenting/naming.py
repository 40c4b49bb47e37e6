"""What sets a segment apart, in words; and which segment of the last run it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
_TRAITS, _CLEAR, _STRONG = 3, 0.35, 1.0
# A segment is the same one if at least this share of the smaller of the two is in both.
SAME = 0.5


@dataclass
class Profile:
    """One segment.

    Attributes
    ----------
    number
        Its number in the clustering.
    users, share
        How many users, and which share of all.
    value, value_share
        Sum of the value column over its users, and which share of everyone's; None without one.
    traits
        ``(feature, standard deviations from the mean, mean here, mean of all)``, the largest first.
    name, description
        In words.
    """

    number: int
    users: int
    share: float
    value: float | None
    value_share: float | None
    traits: list[tuple[str, float, float, float]] = field(default_factory=list)
    name: str = ""
    description: str = ""


def profiles(
    names: tuple[str, ...], matrix: Floats, points: Floats, labels: Labels, k: int, value: Floats | None
) -> list[Profile]:
    """Return the profile of each of the ``k`` segments, unnamed yet.

    Parameters
    ----------
    names
        Feature names.
    matrix, points
        Features of every user in natural units and scaled, shape ``(users, features)``.
    labels
        Segment number of each user.
    value
        What each user is worth; None without a value column.
    """
    overall = np.nanmean(np.where(np.isnan(matrix).all(axis=0), 0.0, matrix), axis=0)
    total = None if value is None else float(np.nansum(value))
    found = []
    for number in range(k):
        here = labels == number
        if not here.any():
            continue
        inside = matrix[here]
        mean = np.nanmean(np.where(np.isnan(inside).all(axis=0), overall, inside), axis=0)
        apart = points[here].mean(axis=0) - points.mean(axis=0)
        order = sorted(range(len(names)), key=lambda j: (-abs(apart[j]), names[j]))
        worth = None if value is None else float(np.nansum(value[here]))
        found.append(
            Profile(
                number=number,
                users=int(here.sum()),
                share=float(here.mean()),
                value=worth,
                value_share=worth / total if worth is not None and total else None,
                traits=[
                    (names[j], float(apart[j]), float(mean[j]), float(overall[j])) for j in order[:_TRAITS]
                ],
            )
        )
    return found


def describe(profile: Profile, value_name: str | None) -> str:
    """Return a sentence: what sets the segment apart, its size, its value."""
    clear = [t for t in profile.traits if abs(t[1]) >= _CLEAR] or profile.traits[:1]
    parts = [
        f"{_level(apart)} {_words(name)} ({mean:,.4g} against {overall:,.4g} on average)"
        for name, apart, mean, overall in clear
    ]
    text = f"{'; '.join(parts).capitalize()}. {profile.users:,} users, {profile.share:.0%} of all"
    if profile.value_share is not None and value_name is not None:
        text += f", with {profile.value_share:.0%} of {_words(value_name)}"
    return text + "."


def give_names(found: list[Profile], kept: dict[int, str], taken: set[str]) -> None:
    """Name every segment: the kept name, or one made of its traits that nobody ever had.

    Parameters
    ----------
    found
        Profiles; their ``name`` is set.
    kept
        Names of the segments that were there before, by number.
    taken
        Every name that was ever given in this task.
    """
    used = set(kept.values())
    for profile in sorted(found, key=lambda p: (-p.users, p.number)):
        if profile.number in kept:
            profile.name = kept[profile.number]
            continue
        candidates = [_title(profile.traits[:count]) for count in range(1, len(profile.traits) + 1)]
        longest = candidates[-1]
        candidates += [f"{longest} ({number})" for number in range(2, len(taken) + len(found) + 3)]
        profile.name = next(name for name in candidates if name not in used and name not in taken)
        used.add(profile.name)


def match(labels: Labels, before: NDArray[np.object_]) -> dict[int, str]:
    """Return which number is which earlier segment, by shared members.

    Parameters
    ----------
    labels
        Number of each user's segment now.
    before
        Name of the same user's segment in the last run; None for who had none.
    """
    known = np.array([name is not None for name in before])
    if not known.any():
        return {}
    # Users that were not there before say nothing about which segment this is.
    numbers, names = np.unique(labels[known]), sorted({str(name) for name in before[known]})
    overlap = np.zeros((len(numbers), len(names)))
    for i, number in enumerate(numbers):
        for j, name in enumerate(names):
            mine, theirs = labels[known] == number, before[known] == name
            overlap[i, j] = (mine & theirs).sum() / min(mine.sum(), theirs.sum())
    rows, columns = linear_sum_assignment(-overlap)
    return {int(numbers[i]): names[j] for i, j in zip(rows, columns, strict=True) if overlap[i, j] >= SAME}


def _title(traits: list[tuple[str, float, float, float]]) -> str:
    return ", ".join(f"{_level(apart)} {_words(name)}" for name, apart, *_ in traits).capitalize()


def _level(apart: float) -> str:
    if abs(apart) < _CLEAR:
        return "average"
    return ("very " if abs(apart) >= _STRONG else "") + ("high" if apart > 0 else "low")


def _words(name: str) -> str:
    return name.replace("_", " ")

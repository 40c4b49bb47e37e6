"""What sets a segment apart, in words, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass, field

from profilectl_ml.segmenting.features import Feature

_TRAITS, _CLEAR = 3, 0.35


@dataclass(frozen=True)
class Trait:
    """How one feature differs: standard deviations apart from everyone, the mean here, everyone's mean."""

    feature: Feature
    apart: float
    mean: float | None
    overall: float | None

    @property
    def phrase(self) -> str:
        """What these users do."""
        return self.feature.phrase(self.apart)

    @property
    def plain(self) -> bool:
        """Whether the natural means lie the same way apart as the scaled ones, so that the words are true."""
        if self.mean is None or self.overall is None:
            return False
        return (self.mean > self.overall) == (self.apart > 0)


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
        Every feature, the one that differs most first.
    name, description
        In words.
    """

    number: int
    users: int
    share: float
    value: float | None
    value_share: float | None
    traits: list[Trait] = field(default_factory=list)
    name: str = ""
    description: str = ""

    @property
    def clear(self) -> list[Trait]:
        """The traits worth mentioning, at least one."""
        return [t for t in self.plain if abs(t.apart) >= _CLEAR] or self.plain[:1]

    @property
    def plain(self) -> list[Trait]:
        """The traits that can be spoken of; all, if none can."""
        return ([t for t in self.traits if t.plain] or self.traits)[:_TRAITS]


def describe(profile: Profile, value: str | None) -> str:
    """Return a sentence: what sets the segment apart, its size, and its value if ``value`` names one."""
    if not profile.users:
        return "No users at present."
    text = capital(", ".join(_told(trait) for trait in profile.clear))
    text += f"; {profile.users:,} users, {profile.share:.0%} of all"
    if profile.value_share is not None and value is not None:
        text += f", with {profile.value_share:.0%} of {value}"
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
    used = set(taken) | set(kept.values())
    for profile in sorted(found, key=lambda p: (-p.users, p.number)):
        if profile.number in kept:
            profile.name = kept[profile.number]
            continue
        phrases = [trait.phrase for trait in profile.plain]
        shown = phrases[: len(profile.clear)]
        # The two strongest traits say more than one; a third only where somebody has those already.
        lengths = [*range(min(2, len(shown)), len(phrases) + 1)]
        names = [capital(", ".join(phrases[:length])) for length in lengths]
        names += [f"{names[0]} ({number})" for number in range(2, len(used) + 3)]
        profile.name = next(name for name in names if name not in used)
        used.add(profile.name)


def capital(text: str) -> str:
    """Return the text with a capital at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def _told(trait: Trait) -> str:
    if trait.mean is None or trait.overall is None:
        return f"{trait.phrase} (mostly unknown)"
    return f"{trait.phrase} ({trait.feature.against(figure(trait.mean), figure(trait.overall))})"


def figure(value: float) -> str:
    """Return a number as people write it.

    Examples
    --------
    >>> figure(9.135), figure(1234.5), figure(0.0712)
    ('9.1', '1,234', '0.071')
    """
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 1 else f"{value:.2g}"

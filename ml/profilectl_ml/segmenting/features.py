"""The features that say who is alike: how each is scaled, and how people speak of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from profilectl_ml.declaration import Declaration

TRANSFORMS = ("none", "log", "root")
_SETTINGS = ("transform", "high", "low", "unit")


@dataclass(frozen=True)
class Feature:
    """One feature of a clustering.

    Attributes
    ----------
    name
        Column of the features mart.
    transform
        Before scaling: ``none``, ``log`` (of one more than the size, the sign kept) or ``root`` (likewise).
    high, low
        What users do who have much or little of it ("buys often"); made of the name where not given.
    unit
        What its figures count, after them ("baskets in 84 days"); without it the name stands before them.
    """

    name: str
    transform: str = "none"
    high: str | None = None
    low: str | None = None
    unit: str | None = None

    def against(self, here: str, everyone: str) -> str:
        """Return two figures with what they count."""
        if self.unit is None:
            return f"{spoken(self.name)} {here} against {everyone}"
        return f"{here} {self.unit} against {everyone}"

    def phrase(self, apart: float) -> str:
        """Return what users do who are ``apart`` (above 0: more) from the others."""
        if apart > 0:
            return self.high or f"high {spoken(self.name)}"
        return self.low or f"low {spoken(self.name)}"


DEFAULT_FEATURES = (
    Feature("recency_days", "log", "long away", "bought lately", "days since the last purchase"),
    Feature("baskets_84d", "log", "buys often", "buys seldom", "baskets in 84 days"),
    Feature("spend_84d", "log", "spends much", "spends little", "spent in 84 days"),
    Feature("basket_value_91d", "log", "large baskets", "small baskets", "spent per basket"),
    Feature("discount_share_91d", "none", "likes discounts", "pays full prices", "of full prices saved"),
)


def spoken(column: str) -> str:
    """Return a column's name as people would say it.

    Examples
    --------
    >>> spoken("spend_84d")
    'spend in 84 days'
    """
    words = re.sub(r"_(\d+)d$", r" in \1 days", column)
    words = re.sub(r"_(\d+)w$", r" in \1 weeks", words)
    return words.replace("_", " ").strip()


def read_feature(declared: Declaration, name: str, value: Any) -> Feature:
    """Return the feature that ``columns`` declares by a transform, or by a mapping of settings."""
    settings = value if isinstance(value, Mapping) else {"transform": value}
    unknown = sorted(set(map(str, settings)) - set(_SETTINGS))
    if unknown:
        raise declared.wrong(
            f"columns: {name} has no setting {', '.join(map(repr, unknown))}",
            f"allowed settings: {', '.join(_SETTINGS)}",
        )
    transform = str(settings.get("transform", "none"))
    if transform not in TRANSFORMS:
        raise declared.wrong(f"columns: {name}: {transform!r} is not one of {', '.join(TRANSFORMS)}")
    high, low, unit = (
        None if settings.get(key) is None else str(settings[key]) for key in ("high", "low", "unit")
    )
    return Feature(name, transform, high, low, unit)


def feature_from(details: Mapping[str, Any]) -> Feature:
    """Return the feature that ``dataclasses.asdict`` wrote."""
    return Feature(**details)

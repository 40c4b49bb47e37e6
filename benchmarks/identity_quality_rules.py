"""Which columns, all equal, make two records one person: chosen by what the columns are, not by data set.

A rule holds wherever a data set has its columns, under any of their names. Level 1 is what is issued to one
person and unique by itself. Level 2 is a full name with something that tells namesakes apart. Level 3 leaves
out one part of a name, for typing errors, and asks for two more facts instead; each level takes in those
below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Columns that must all be present and equal."""

    level: int
    columns: tuple[str, ...]


LEVELS = {1: "issued keys", 2: "+ full names", 3: "+ partial names"}

RULES = (
    Rule(1, ("national_id",)),
    Rule(1, ("email",)),
    Rule(2, ("first_name", "surname", "birth_date")),
    Rule(2, ("first_name", "surname", "postcode", "street_number")),
    Rule(3, ("first_name", "birth_date", "postcode")),
    Rule(3, ("surname", "birth_date", "postcode")),
)

# What a column is called elsewhere.
NAMES = {
    "soc_sec_id": "national_id",
    "given_name": "first_name",
    "date_of_birth": "birth_date",
    "dob": "birth_date",
    "postcode_fake": "postcode",
}


def known_as(column: str) -> str:
    """Return the name by which the rules know a column."""
    plain = column.strip().lower()
    return NAMES.get(plain, plain)


def rules_for(columns: Iterable[str], level: int) -> Sequence[Rule]:
    """Return the rules up to `level` that hold where there are these columns."""
    present = set(columns)
    return [rule for rule in RULES if rule.level <= level and present.issuperset(rule.columns)]

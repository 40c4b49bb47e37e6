"""Which columns each entity declares, and how the columns found in a file match them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

ContractRow = tuple[str, str, str, int, bool]


@dataclass(frozen=True)
class Entity:
    """The declared columns of one entity of one source, in order."""

    source: str
    name: str
    columns: tuple[str, ...]
    required: frozenset[str]

    @property
    def table(self) -> str:
        """Name of the raw table in schema ``raw``."""
        return f"{self.source}__{self.name}"


@dataclass(frozen=True)
class Contract:
    """Every declared entity, by (source, entity)."""

    entities: Mapping[tuple[str, str], Entity]

    @classmethod
    def from_rows(cls, rows: Iterable[ContractRow]) -> Contract:
        """Build a contract from rows (source, entity, column_name, position, is_required)."""
        columns: dict[tuple[str, str], list[tuple[int, str]]] = {}
        required: dict[tuple[str, str], set[str]] = {}
        for source, entity, column, position, is_required in rows:
            columns.setdefault((source, entity), []).append((position, column))
            required.setdefault((source, entity), set()).update({column} if is_required else ())
        return cls(
            {
                key: Entity(*key, tuple(name for _, name in sorted(found)), frozenset(required[key]))
                for key, found in columns.items()
            }
        )

    @property
    def sources(self) -> frozenset[str]:
        """Names of the declared sources."""
        return frozenset(source for source, _ in self.entities)


@dataclass(frozen=True)
class ColumnMatch:
    """How the columns of a file answer to the declared ones.

    Attributes
    ----------
    positions
        Declared column to the index of the file's column that fills it.
    extras
        Name and index of every column of the file that nothing declares.
    missing
        Declared columns the file does not have, in declared order.
    """

    positions: Mapping[str, int]
    extras: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]


def canonical(name: str) -> str:
    """Return the form in which two column names count as the same."""
    return name.removeprefix("\ufeff").strip().casefold()


def match_columns(found: Sequence[str], entity: Entity) -> ColumnMatch:
    """Match the column names of a file, in order, with those an entity declares.

    An exact name wins over one that differs in case or surrounding blanks. A second column
    of the same name is kept as an extra, under a name that says which one it was.
    """
    positions: dict[str, int] = {}
    for column in entity.columns:
        exact = [index for index, name in enumerate(found) if name == column]
        alike = [index for index, name in enumerate(found) if canonical(name) == canonical(column)]
        candidates = [index for index in exact + alike if index not in positions.values()]
        if candidates:
            positions[column] = candidates[0]
    extras: list[tuple[str, int]] = []
    taken: set[str] = set()
    for index, name in enumerate(found):
        if index in positions.values():
            continue
        label = name.strip() or f"column_{index + 1}"
        if label in taken or label in positions:
            label = f"{label}#{index + 1}"
        taken.add(label)
        extras.append((label, index))
    missing = tuple(column for column in entity.columns if column not in positions)
    return ColumnMatch(positions, tuple(extras), missing)


def missing_column_detail(entity: Entity, missing: Sequence[str], extras: Sequence[str]) -> str | None:
    """Say why a file without the columns ``missing`` cannot be taken, or return None if it can.

    A file that has none of the declared columns is some other file, whatever is required.
    """
    if len(missing) == len(entity.columns):
        wanted = list(missing)
        text = "none of the declared columns is there: "
    else:
        wanted = [column for column in missing if column in entity.required]
        text = "missing required column: " if len(wanted) == 1 else "missing required columns: "
    if not wanted:
        return None
    by_form = {canonical(name): name for name in extras}
    parts = []
    for column in wanted:
        near = difflib.get_close_matches(canonical(column), list(by_form), n=1, cutoff=0.75)
        parts.append(f"{column} (found '{by_form[near[0]]}': renamed?)" if near else column)
    return text + ", ".join(parts)

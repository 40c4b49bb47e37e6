"""What a clustering task declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from profilectl_ml.declaration import Declaration

_REQUIRED = ("kind", "features", "entity", "columns")
_OPTIONAL = ("value", "k", "min_stability", "seed")
TRANSFORMS = ("none", "log", "root")
_LARGEST_K = 20


@dataclass(frozen=True)
class ClusteringTask:
    """Which users to segment, and by what.

    Attributes
    ----------
    name, kind, path
        The exposure's name, ``clustering``, and the file that declares it.
    features
        ``(schema, table)`` of the mart with one row per user.
    entity
        Column that names the user.
    columns, transforms
        Features that say who is alike, and what is done to each before scaling: ``none``, ``log`` (of one
        more than the size, the sign kept) or ``root`` (likewise).
    value
        Column whose sum tells what a segment is worth; also what the naive bands are cut by.
    least_k, most_k
        Numbers of segments that are tried.
    min_stability
        A clustering must find itself again this well on part of the users (adjusted Rand index, at most 1).
    seed
        Seed of everything random.
    """

    name: str
    features: tuple[str, ...]
    entity: str
    columns: tuple[str, ...]
    transforms: tuple[str, ...]
    value: str | None = None
    least_k: int = 3
    most_k: int = 8
    min_stability: float = 0.8
    seed: int = 20170101
    path: str = ""
    kind: str = "clustering"


def parse(declared: Declaration) -> ClusteringTask:
    """Return the task that an exposure declares.

    Raises
    ------
    ProfilectlError
        If a key or value is wrong; the message names the file.
    """
    declared.check_keys(_REQUIRED, _OPTIONAL)
    columns = declared.given["columns"]
    if not isinstance(columns, Mapping) or not columns or not set(columns.values()) <= set(TRANSFORMS):
        raise declared.wrong(f"columns must map features to one of {', '.join(TRANSFORMS)}")
    least, most = _range(declared)
    stability = declared.number("min_stability", ClusteringTask.min_stability)
    if stability is None or not 0 <= stability <= 1:
        raise declared.wrong(f"min_stability must be from 0 to 1, not {stability!r}")
    return ClusteringTask(
        name=declared.name,
        features=declared.relation("features"),
        entity=str(declared.given["entity"]),
        columns=tuple(map(str, columns)),
        transforms=tuple(map(str, columns.values())),
        value=declared.text("value"),
        least_k=least,
        most_k=most,
        min_stability=stability,
        seed=declared.whole("seed", ClusteringTask.seed),
        path=declared.path,
    )


def to_details(task: ClusteringTask) -> dict[str, Any]:
    """Return the task as what JSON can hold."""
    return asdict(task)


def from_details(details: Mapping[str, Any]) -> ClusteringTask:
    """Return the task that ``to_details`` wrote."""
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in details.items()
    }
    return ClusteringTask(**given)


def _range(declared: Declaration) -> tuple[int, int]:
    value = declared.given.get("k", [ClusteringTask.least_k, ClusteringTask.most_k])
    numbers = isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value)
    if not numbers or not 2 <= value[0] <= value[1] <= _LARGEST_K:
        raise declared.wrong(f"k must be [least, most], whole numbers from 2 to {_LARGEST_K}, not {value!r}")
    return int(value[0]), int(value[1])

"""What a clustering task declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from profilectl_ml.declaration import Declaration
from profilectl_ml.segmenting.features import DEFAULT_FEATURES, Feature, feature_from, read_feature, spoken

_REQUIRED = ("kind", "features", "entity")
_OPTIONAL = ("columns", "value", "k", "min_stability", "max_users", "seed")
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
    columns
        Features that say who is alike.
    value
        Column whose sum tells what a segment is worth; the naive bands are cut by it where it is a feature.
    least_k, most_k
        Numbers of segments that are tried.
    min_stability
        A clustering must find itself again this well on parts of the users (adjusted Rand index, at most 1).
    max_users
        At most so many are learnt from; everyone is assigned.
    seed
        Seed of everything random.
    """

    name: str
    features: tuple[str, ...]
    entity: str
    columns: tuple[Feature, ...] = DEFAULT_FEATURES
    value: str | None = None
    least_k: int = 2
    most_k: int = 8
    min_stability: float = 0.8
    max_users: int = 10_000
    seed: int = 20170101
    path: str = ""
    kind: str = "clustering"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the matrix' order."""
        return tuple(feature.name for feature in self.columns)

    @property
    def value_words(self) -> str | None:
        """What the value column holds, as people would say it; None without one."""
        return None if self.value is None else spoken(self.value)

    @property
    def banded(self) -> int:
        """Position of the feature that the naive bands are cut by: the value, or else the first."""
        return self.names.index(self.value) if self.value in self.names else 0


def parse(declared: Declaration) -> ClusteringTask:
    """Return the task that an exposure declares.

    Raises
    ------
    ProfilectlError
        If a key or value is wrong; the message names the file.
    """
    declared.check_keys(_REQUIRED, _OPTIONAL)
    given = declared.given.get("columns", {})
    if not isinstance(given, Mapping) or ("columns" in declared.given and not given):
        raise declared.wrong("columns must map features to a transform, or to its settings")
    columns = tuple(read_feature(declared, str(name), value) for name, value in given.items())
    least, most = _range(declared)
    stability = declared.number("min_stability", ClusteringTask.min_stability)
    if stability is None or not 0 <= stability <= 1:
        raise declared.wrong(f"min_stability must be from 0 to 1, not {stability!r}")
    return ClusteringTask(
        name=declared.name,
        features=declared.relation("features"),
        entity=str(declared.given["entity"]),
        columns=columns or DEFAULT_FEATURES,
        value=declared.text("value"),
        least_k=least,
        most_k=most,
        min_stability=stability,
        max_users=declared.whole("max_users", ClusteringTask.max_users, least=100, unit="users"),
        seed=declared.seed(ClusteringTask.seed),
        path=declared.path,
    )


def to_details(task: ClusteringTask) -> dict[str, Any]:
    """Return the task as what JSON can hold."""
    return asdict(task)


def from_details(details: Mapping[str, Any]) -> ClusteringTask:
    """Return the task that ``to_details`` wrote."""
    given = dict(details)
    given["features"] = tuple(given["features"])
    given["columns"] = tuple(feature_from(feature) for feature in given["columns"])
    return ClusteringTask(**given)


def _range(declared: Declaration) -> tuple[int, int]:
    value = declared.given.get("k", [ClusteringTask.least_k, ClusteringTask.most_k])
    numbers = isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value)
    if not numbers or not 2 <= value[0] <= value[1] <= _LARGEST_K:
        raise declared.wrong(f"k must be [least, most], whole numbers from 2 to {_LARGEST_K}, not {value!r}")
    return int(value[0]), int(value[1])

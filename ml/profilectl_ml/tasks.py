"""Supervised tasks (regression, classification): what to learn, from which marts, against what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from profilectl_ml.candidates import CANDIDATE_NAMES, DEFAULT_CANDIDATES
from profilectl_ml.declaration import Declaration
from profilectl_ml.layout import floats
from profilectl_ml.losses import LOSS_NAMES

_REQUIRED = ("kind", "label", "horizon_days", "entity", "examples", "features")
_OPTIONAL = (
    "positive",
    "candidates",
    "metric",
    "baseline",
    "population",
    "level",
    "minimum",
    "costs",
    "known_at",
    "max_alone",
    "budget_seconds",
    "seed",
)
ALLOWED_KEYS = _REQUIRED + _OPTIONAL
SUPERVISED = ("regression", "classification")
_OF_ONE_KIND = {"level": "regression", "positive": "classification", "costs": "classification"}
_DEFAULT_METRIC = {"regression": "mse", "classification": "log_loss"}
_RULES = ("above", "at_most", "equals")


@dataclass(frozen=True)
class Level:
    """A rule of thumb: one feature times a factor."""

    column: str
    factor: float = 1.0


@dataclass(frozen=True)
class Positive:
    """Which labels count as 1: those ``above`` or ``at_most`` a number, or that ``equals`` a text."""

    rule: str
    value: float | str

    def of(self, labels: pa.ChunkedArray, name: str) -> NDArray[np.float64]:
        """Return 1.0 where the label counts, 0.0 where not, shape ``(rows,)``; errors call it ``name``.

        For ``equals`` the labels are texts, as DuckDB writes them.
        """
        if self.rule == "equals":
            return np.array([float(v == self.value) for v in labels.to_pylist()])
        above = floats(labels, name) > float(self.value)
        return np.asarray(above if self.rule == "above" else ~above, dtype=np.float64)


@dataclass(frozen=True)
class Costs:
    """What a wrong yes and a wrong no cost, in one unit; the threshold is where the sum is smallest."""

    false_positive: float = 1.0
    false_negative: float = 1.0

    @property
    def pair(self) -> tuple[float, float]:
        """Both, the wrong yes first."""
        return self.false_positive, self.false_negative


@dataclass(frozen=True)
class Task:
    """What to learn, from which marts, and against which baseline.

    Attributes
    ----------
    name
        The exposure's name.
    kind
        ``regression`` or ``classification``.
    label
        Label column of the examples mart.
    horizon_days
        Length of the label's window after the cutoff, in days.
    entity
        Column that names who is scored.
    examples, features
        ``(schema, table)`` of the mart with labelled cutoffs and of the one with the present state.
    candidates
        Names from ``CANDIDATE_NAMES`` of the kind.
    metric
        The loss that candidates are chosen by, from ``LOSS_NAMES`` of the kind.
    baseline
        The naive prediction that a model must beat; without one the mean, or the share of ones.
        For a classification the column alone, turned into a probability.
    positive
        Which labels of a classification count as 1; without it, true or 1 does.
    population
        Boolean column; only rows where it is true are learnt from.
    level
        A second rule of thumb that the ``blend`` of a regression may average in.
    minimum
        Predictions below it are raised to it.
    costs
        Of wrong decisions, for the threshold of a classification.
    known_at
        For features that become known late: the column that says when each value was.
    max_alone
        Above this AUC (or R²) a feature that predicts the label alone is taken for a leak.
    budget_seconds
        After that no further setting is tried.
    cutoff, as_of
        Columns of the examples and features with the day they stand for; None for tables without time.
    seed
        Seed of everything random.
    path
        File that declares the task.
    source
        The file that holds the rows, for a task that was named on the command line.
    without
        Columns that are no features, because someone said so.
    types
        The types of the file's columns, for a task that was named on the command line.
    """

    name: str
    kind: str
    label: str
    horizon_days: int
    entity: str
    examples: tuple[str, ...]
    features: tuple[str, ...]
    candidates: tuple[str, ...]
    metric: str = "mse"
    baseline: Level | None = None
    positive: Positive | None = None
    population: str | None = None
    level: Level | None = None
    minimum: float | None = None
    costs: Costs = Costs()
    known_at: Mapping[str, str] = field(default_factory=dict)
    max_alone: float = 0.99
    budget_seconds: float = 600.0
    cutoff: str | None = "cutoff"
    as_of: str | None = "as_of"
    seed: int = 20170101
    path: str = ""
    source: str = ""
    without: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)

    def called(self, relation: tuple[str, ...]) -> str:
        """Return what people know a relation of the task by: its file, or its name in the warehouse."""
        return self.source or ".".join(relation)


def to_details(task: Task) -> dict[str, Any]:
    """Return the task as what JSON can hold; it is kept beside the model, for promoting and scoring later."""
    return asdict(task)


def from_details(details: Mapping[str, Any]) -> Task:
    """Return the task that ``to_details`` wrote."""
    given = dict(details)
    for key, make in (("baseline", Level), ("level", Level), ("positive", Positive), ("costs", Costs)):
        if given.get(key) is not None:
            given[key] = make(**given[key])
    for key in ("examples", "features", "candidates", "without"):
        given[key] = tuple(given.get(key, ()))
    return Task(**given)


def parse(declared: Declaration) -> Task:
    """Return the task that an exposure declares.

    Raises
    ------
    ProfilectlError
        If a key or value is wrong; the message names the file.
    """
    declared.check_keys(_REQUIRED, _OPTIONAL)
    kind = declared.one_of("kind", SUPERVISED, "")
    for key in sorted(declared.given):
        if _OF_ONE_KIND.get(key, kind) != kind:
            raise declared.wrong(
                f"{key} belongs to a {_OF_ONE_KIND[key]}, this is a {kind}",
                hint=f"take {key} out, or change kind",
            )
    known_at = declared.given.get("known_at", {})
    if not isinstance(known_at, Mapping):
        raise declared.wrong("known_at must map features to the columns that say when they were known")
    return Task(
        name=declared.name,
        kind=kind,
        label=str(declared.given["label"]),
        horizon_days=declared.whole("horizon_days", 0, least=1, unit="days"),
        entity=str(declared.given["entity"]),
        examples=declared.relation("examples"),
        features=declared.relation("features"),
        candidates=declared.several_of("candidates", CANDIDATE_NAMES[kind], DEFAULT_CANDIDATES[kind]),
        metric=declared.one_of("metric", LOSS_NAMES[kind], _DEFAULT_METRIC[kind]),
        baseline=_level(declared, "baseline"),
        positive=_positive(declared),
        population=declared.text("population"),
        level=_level(declared, "level"),
        minimum=declared.number("minimum"),
        costs=_costs(declared),
        known_at={str(k): str(v) for k, v in known_at.items()},
        max_alone=_share(declared, "max_alone", Task.max_alone),
        budget_seconds=float(declared.whole("budget_seconds", int(Task.budget_seconds), unit="seconds")),
        seed=declared.seed(Task.seed),
        path=declared.path,
    )


def default_metric(kind: str) -> str:
    """Return the loss that a kind is chosen by unless the task says otherwise."""
    return _DEFAULT_METRIC[kind]


def _level(declared: Declaration, key: str) -> Level | None:
    value = declared.given.get(key)
    if value is None:
        return None
    if not isinstance(value, Mapping) or not {"column"} <= set(value) <= {"column", "factor"}:
        raise declared.wrong(f"{key} needs the key 'column', and may have 'factor'")
    try:
        return Level(column=str(value["column"]), factor=float(value.get("factor", 1.0)))
    except (TypeError, ValueError) as error:
        raise declared.wrong(f"{key} factor must be a number, not {value['factor']!r}") from error


def _positive(declared: Declaration) -> Positive | None:
    value = declared.given.get("positive")
    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) != 1 or not set(value) <= set(_RULES):
        raise declared.wrong(f"positive needs exactly one of the keys {', '.join(_RULES)}")
    rule, bound = next(iter(value.items()))
    if rule != "equals" and (isinstance(bound, bool) or not isinstance(bound, int | float)):
        raise declared.wrong(f"positive {rule} must be a number, not {bound!r}")
    if rule == "equals":
        # As DuckDB writes a label: booleans in lower case.
        return Positive(rule, str(bound).lower() if isinstance(bound, bool) else str(bound))
    return Positive(str(rule), float(bound))


def _costs(declared: Declaration) -> Costs:
    value = declared.given.get("costs")
    if value is None:
        return Costs()
    keys = {"false_positive", "false_negative"}
    if not isinstance(value, Mapping) or set(value) != keys:
        raise declared.wrong("costs needs exactly the keys 'false_positive' and 'false_negative'")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and v > 0 for v in value.values()):
        raise declared.wrong("costs must be numbers above 0")
    return Costs(float(value["false_positive"]), float(value["false_negative"]))


def _share(declared: Declaration, key: str, default: float) -> float:
    value = declared.number(key, default)
    if value is None or not 0 < value <= 1:
        raise declared.wrong(f"{key} must be a number above 0 and at most 1, not {value!r}")
    return value

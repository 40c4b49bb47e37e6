"""Supervised tasks (regression, classification): what to learn, from which marts, against what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from profilectl_ml.candidates import CANDIDATE_NAMES
from profilectl_ml.declaration import Declaration

_REQUIRED = (
    "kind",
    "label",
    "horizon_days",
    "entity",
    "examples",
    "features",
    "candidates",
    "metric",
    "baseline",
)
_OPTIONAL = ("population", "level", "minimum", "seed")
ALLOWED_KEYS = _REQUIRED + _OPTIONAL
_KINDS = ("regression",)
_METRICS = ("mse",)


@dataclass(frozen=True)
class Level:
    """A rule of thumb: one feature times a factor."""

    column: str
    factor: float


@dataclass(frozen=True)
class Task:
    """What to learn, from which marts, and against which baseline.

    Attributes
    ----------
    name
        The exposure's name.
    kind, metric
        ``regression`` and ``mse``, so far.
    label
        Label column of the examples mart.
    horizon_days
        Length of the label's window after the cutoff, in days.
    entity
        Column that names who is scored.
    examples, features
        ``(schema, table)`` of the mart with labelled cutoffs and of the one with the present state.
    candidates
        Names from ``CANDIDATE_NAMES``, compared in this order.
    baseline
        The naive prediction that a model must beat.
    population
        Boolean column; only rows where it is true are learnt from.
    level
        A second rule of thumb that ``blend`` may average in.
    minimum
        Predictions below it are raised to it.
    seed
        Seed of everything random.
    path
        File that declares the task.
    """

    name: str
    kind: str
    label: str
    horizon_days: int
    entity: str
    examples: tuple[str, str]
    features: tuple[str, str]
    candidates: tuple[str, ...]
    metric: str
    baseline: Level
    population: str | None = None
    level: Level | None = None
    minimum: float | None = None
    seed: int = 20170101
    path: str = ""


def parse(declared: Declaration) -> Task:
    """Return the task that an exposure declares.

    Raises
    ------
    ProfilectlError
        If a key or value is wrong; the message names the file.
    """
    declared.check_keys(_REQUIRED, _OPTIONAL)
    return Task(
        name=declared.name,
        kind=declared.one_of("kind", _KINDS, ""),
        label=str(declared.given["label"]),
        horizon_days=declared.whole("horizon_days", 0, least=1, unit="days"),
        entity=str(declared.given["entity"]),
        examples=declared.relation("examples"),
        features=declared.relation("features"),
        candidates=declared.several_of("candidates", CANDIDATE_NAMES, CANDIDATE_NAMES),
        metric=declared.one_of("metric", _METRICS, "mse"),
        baseline=_level(declared, "baseline"),
        population=declared.text("population"),
        level=_level(declared, "level") if declared.given.get("level") is not None else None,
        minimum=declared.number("minimum"),
        seed=declared.whole("seed", Task.seed),
        path=declared.path,
    )


def _level(declared: Declaration, key: str) -> Level:
    value = declared.given[key]
    if not isinstance(value, Mapping) or set(value) != {"column", "factor"}:
        raise declared.wrong(f"{key} needs exactly the keys 'column' and 'factor'")
    try:
        return Level(column=str(value["column"]), factor=float(value["factor"]))
    except (TypeError, ValueError) as error:
        raise declared.wrong(f"{key} factor must be a number: {error}") from error

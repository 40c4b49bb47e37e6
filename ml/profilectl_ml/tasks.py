"""Learning tasks, read from the exposures of type ``ml`` in a dbt manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from profilectl_ml.candidates import CANDIDATE_NAMES
from profilectl_ml.errors import ProfilectlError

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


def tasks_from_manifest(manifest: Mapping[str, Any]) -> dict[str, Task]:
    """Return every task of a dbt manifest, by name, in alphabetical order.

    Parameters
    ----------
    manifest
        The parsed ``target/manifest.json``.

    Raises
    ------
    ProfilectlError
        If a declaration has a wrong key or value; the message names its file.
    """
    found = [e for e in manifest.get("exposures", {}).values() if e.get("type") == "ml"]
    return {e["name"]: _task(e, manifest) for e in sorted(found, key=lambda e: str(e["name"]))}


def _task(exposure: Mapping[str, Any], manifest: Mapping[str, Any]) -> Task:
    path, name = str(exposure.get("original_file_path", "?")), str(exposure["name"])
    meta = (exposure.get("config") or {}).get("meta") or exposure.get("meta") or {}
    given = meta.get("profilectl")
    if not isinstance(given, Mapping):
        raise _wrong(path, name, "config.meta.profilectl is missing")
    unknown = sorted(set(given) - set(ALLOWED_KEYS))
    if unknown:
        raise _wrong(path, name, f"unknown key {', '.join(map(repr, unknown))}")
    missing = [key for key in _REQUIRED if key not in given]
    if missing:
        raise _wrong(path, name, f"missing key {', '.join(map(repr, missing))}")
    for key, allowed in (("kind", _KINDS), ("metric", _METRICS)):
        if given[key] not in allowed:
            raise _wrong(path, name, f"{key} {given[key]!r} is not one of {', '.join(allowed)}")
    names = given["candidates"]
    if not isinstance(names, list) or not names or not set(names) <= set(CANDIDATE_NAMES):
        raise _wrong(path, name, f"candidates must be a list from {', '.join(CANDIDATE_NAMES)}")
    horizon = given["horizon_days"]
    if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
        raise _wrong(path, name, f"horizon_days must be a whole number of days from 1, not {horizon!r}")
    try:
        minimum = None if given.get("minimum") is None else float(given["minimum"])
        seed = int(given.get("seed", Task.seed))
    except (TypeError, ValueError) as error:
        raise _wrong(path, name, f"minimum and seed must be numbers: {error}") from error
    return Task(
        name=name,
        kind=str(given["kind"]),
        label=str(given["label"]),
        horizon_days=horizon,
        entity=str(given["entity"]),
        examples=_relation(str(given["examples"]), exposure, manifest, path),
        features=_relation(str(given["features"]), exposure, manifest, path),
        candidates=tuple(names),
        metric=str(given["metric"]),
        baseline=_level(given["baseline"], "baseline", path, name),
        population=None if given.get("population") is None else str(given["population"]),
        level=None if given.get("level") is None else _level(given["level"], "level", path, name),
        minimum=minimum,
        seed=seed,
        path=path,
    )


def _level(value: object, key: str, path: str, name: str) -> Level:
    if not isinstance(value, Mapping) or set(value) != {"column", "factor"}:
        raise _wrong(path, name, f"{key} needs exactly the keys 'column' and 'factor'")
    try:
        return Level(column=str(value["column"]), factor=float(value["factor"]))
    except (TypeError, ValueError) as error:
        raise _wrong(path, name, f"{key} factor must be a number: {error}") from error


def _relation(
    model: str, exposure: Mapping[str, Any], manifest: Mapping[str, Any], path: str
) -> tuple[str, str]:
    nodes = manifest.get("nodes", {})
    for unique_id in (exposure.get("depends_on") or {}).get("nodes", []):
        node = nodes.get(unique_id, {})
        if node.get("name") == model:
            return str(node["schema"]), str(node.get("alias") or model)
    raise _wrong(path, str(exposure["name"]), f"{model!r} is not in depends_on; add ref('{model}') there")


def _wrong(path: str, name: str, what: str) -> ProfilectlError:
    return ProfilectlError(f"{path}: task {name}: {what}", hint=f"allowed keys: {', '.join(ALLOWED_KEYS)}")

"""What an exposure of type ``ml`` declares, read with checks that name the file and the task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from profilectl_ml.errors import ProfilectlError

#: A key of every kind: when to train again; see :mod:`profilectl_ml.monitoring`.
RETRAIN = "retrain"
#: What every library takes for a seed: LightGBM has 31 bits for it, and clusterings add a little to it.
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Declaration:
    """One task as declared, before a kind makes sense of it.

    Attributes
    ----------
    name
        The exposure's name.
    path
        The file that declares it.
    given
        ``config.meta.profilectl`` of the exposure.
    relations
        ``(schema, table)`` of each model the exposure depends on, by the model's name.
    """

    name: str
    path: str
    given: Mapping[str, Any]
    relations: Mapping[str, tuple[str, str]]

    @property
    def kind(self) -> str:
        """The declared kind, as text; empty if there is none."""
        return str(self.given.get("kind", ""))

    def wrong(self, what: str, hint: str | None = None) -> ProfilectlError:
        """Return (not raise) the error that says what is wrong with this declaration."""
        return ProfilectlError(f"{self.path}: task {self.name}: {what}", hint=hint)

    def check_keys(self, required: Iterable[str], optional: Iterable[str]) -> None:
        """Raise ``ProfilectlError`` if a required key is missing or an unknown one is given."""
        wanted = (*required,)
        allowed = (*wanted, *optional, RETRAIN)
        hint = f"allowed keys: {', '.join(allowed)}"
        unknown = sorted(set(self.given) - set(allowed))
        if unknown:
            raise self.wrong(f"unknown key {', '.join(map(repr, unknown))}", hint)
        missing = [key for key in wanted if key not in self.given]
        if missing:
            raise self.wrong(f"missing key {', '.join(map(repr, missing))}", hint)

    def relation(self, key: str) -> tuple[str, str]:
        """Return ``(schema, table)`` of the model that ``key`` names; it must be in ``depends_on``."""
        model = str(self.given[key])
        if model not in self.relations:
            raise self.wrong(f"{model!r} is not in depends_on; add ref('{model}') there")
        return self.relations[model]

    def text(self, key: str, default: str | None = None) -> str | None:
        """Return the value as text, or the default where it is not given."""
        value = self.given.get(key)
        return default if value is None else str(value)

    def one_of(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return the value, which must be one of ``allowed``."""
        value = self.given.get(key, default)
        if value not in allowed:
            raise self.wrong(f"{key} {value!r} is not one of {', '.join(allowed)}")
        return str(value)

    def several_of(self, key: str, allowed: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        """Return the list, whose values must all be in ``allowed``."""
        values = self.given.get(key, list(default))
        if not isinstance(values, list) or not values or not set(values) <= set(allowed):
            raise self.wrong(f"{key} must be a list from {', '.join(allowed)}")
        return tuple(map(str, values))

    def whole(self, key: str, default: int, *, least: int = 0, unit: str = "") -> int:
        """Return a whole number from ``least``."""
        value = self.given.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            what = f"a whole number of {unit}" if unit else "a whole number"
            raise self.wrong(f"{key} must be {what} from {least}, not {value!r}")
        return int(value)

    def seed(self, default: int) -> int:
        """Return the seed of everything random, at most ``MAX_SEED``."""
        seed = self.whole("seed", default)
        if seed > MAX_SEED:
            raise self.wrong(f"seed must be at most {MAX_SEED}, not {seed}")
        return seed

    def number(self, key: str, default: float | None = None) -> float | None:
        """Return a number, or the default where it is not given."""
        value = self.given.get(key)
        if value is None:
            return default
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise self.wrong(f"{key} must be a number, not {value!r}") from error


def declarations(manifest: Mapping[str, Any]) -> list[Declaration]:
    """Return every ML exposure of a dbt manifest, in alphabetical order of names.

    Parameters
    ----------
    manifest
        The parsed ``target/manifest.json``.

    Raises
    ------
    ProfilectlError
        If an exposure has no ``config.meta.profilectl``.
    """
    found = [e for e in manifest.get("exposures", {}).values() if e.get("type") == "ml"]
    return [_declaration(e, manifest) for e in sorted(found, key=lambda e: str(e["name"]))]


def _declaration(exposure: Mapping[str, Any], manifest: Mapping[str, Any]) -> Declaration:
    path, name = str(exposure.get("original_file_path", "?")), str(exposure["name"])
    meta = (exposure.get("config") or {}).get("meta") or exposure.get("meta") or {}
    given, nodes = meta.get("profilectl"), manifest.get("nodes", {})
    relations = {}
    for unique_id in (exposure.get("depends_on") or {}).get("nodes", []):
        node = nodes.get(unique_id, {})
        if "schema" in node:
            relations[str(node["name"])] = (str(node["schema"]), str(node.get("alias") or node["name"]))
    declared = Declaration(name, path, given if isinstance(given, Mapping) else {}, relations)
    if not isinstance(given, Mapping):
        raise declared.wrong("config.meta.profilectl is missing")
    return declared

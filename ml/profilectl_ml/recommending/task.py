"""What a recommendation task declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from profilectl_ml.declaration import Declaration

# In the order in which ties between candidates are decided: the simpler one first.
CANDIDATES = (
    "popularity",
    "popularity_recent",
    "personal_frequency",
    "personal_recent",
    "item_item",
    "next_item",
    "ease",
    "ease_recent",
    "ease_later",
    "als",
    "blend",
)
_DEFAULT = tuple(name for name in CANDIDATES if name != "als")
_REQUIRED = ("kind", "events", "user", "item")
_OPTIONAL = (
    *("at", "event_types", "filter", "value", "items", "item_name", "users", "segment", "horizon_days"),
    *("holdout", "repeats", "k", "candidates", "metric", "min_users_per_item", "half_life_days"),
    *("verbs", "seed"),
)
ALLOWED_KEYS = _REQUIRED + _OPTIONAL
MAX_K = 50  # the blend ranks a pool of the best fifty of each signal
METRICS = ("ndcg", "recall")
HOLDOUTS = ("horizon", "last", "random")


@dataclass(frozen=True)
class RecommendationTask:
    """Which items to recommend, learnt from which events.

    Attributes
    ----------
    name, kind, path
        The exposure's name, ``recommendation``, and the file that declares it.
    events
        ``(schema, table)`` of the mart with one row per event.
    user, item, at
        Columns: who, what (of the events, else of ``items`` by ``item_id``), when (a timestamp; without
        it nothing is known about order).
    filter
        Column of the events and the values of it that count; values are bound, never written into SQL.
    value
        Numeric column that is summed as strength; without it, times are counted.
    items, item_name
        ``(schema, table)`` of the catalogue and its column that reasons call an item by.
    users, segment
        ``(schema, table)`` of everyone to recommend to, and its column whose groups have a popularity of
        their own, for users without history.
    horizon_days
        Length of the windows that are held out, in days.
    holdout
        ``horizon``: everything after a cutoff; ``last``: each user's last item; ``random``: a fifth.
    repeats
        ``both``: items had before and new ones compete; ``false``: new ones only; ``true``: only those
        had before.
    k
        Items per user.
    candidates
        Names from ``CANDIDATES``.
    metric
        ``ndcg`` (at 10) or ``recall`` (at 20): what the choice looks at.
    min_users_per_item
        Items that fewer users had are not recommended; a twentieth of few users is enough.
    half_life_days
        After so many days an event counts half in what is recent.
    verbs
        What a user does and did with an item, for reasons: (buy, bought).
    seed
        Seed of everything random.
    """

    name: str
    kind: str
    events: tuple[str, str]
    user: str
    item: str
    at: str | None = "occurred_at"
    filter: tuple[tuple[str, tuple[str, ...]], ...] = ()
    value: str | None = None
    items: tuple[str, str] | None = None
    item_name: str | None = None
    users: tuple[str, str] | None = None
    segment: str | None = None
    horizon_days: int = 28
    holdout: str = "horizon"
    repeats: str = "both"
    k: int = 10
    candidates: tuple[str, ...] = _DEFAULT
    metric: str = "ndcg"
    min_users_per_item: int = 20
    half_life_days: int = 112
    verbs: tuple[str, str] = ("buy", "bought")
    seed: int = 20170101
    path: str = ""

    @property
    def baseline(self) -> str:
        """The naive candidate."""
        return "popularity" if self.repeats == "false" else "personal_frequency"

    @property
    def contenders(self) -> tuple[str, ...]:
        """The candidates that can compete, the baseline first."""
        named = [name for name in CANDIDATES if name in self.candidates and name != self.baseline]
        if self.repeats == "false":
            named = [name for name in named if not name.startswith("personal")]
        return (self.baseline, *named)


def parse(declared: Declaration) -> RecommendationTask:
    """Return the task that an exposure declares.

    Raises
    ------
    ProfilectlError
        If a key or value is wrong; the message names the file.
    """
    declared.check_keys(_REQUIRED, _OPTIONAL)
    holdout = declared.one_of("holdout", HOLDOUTS, "horizon")
    at = declared.text("at", "occurred_at" if holdout != "random" else None)
    repeats = str(declared.given.get("repeats", "both")).lower()  # YAML reads a bare true as a boolean
    if repeats not in ("true", "false", "both"):
        raise declared.wrong(f"repeats {declared.given['repeats']!r} is not one of true, false, both")
    for needs, needed in (("item_name", "items"), ("segment", "users")):
        if declared.text(needs) is not None and declared.text(needed) is None:
            raise declared.wrong(f"{needs} is a column of the model that {needed!r} names; add it")
    return RecommendationTask(
        name=declared.name,
        kind=declared.one_of("kind", ("recommendation",), ""),
        events=declared.relation("events"),
        user=str(declared.given["user"]),
        item=str(declared.given["item"]),
        at=at,
        filter=_filter(declared),
        value=declared.text("value"),
        items=declared.relation("items") if declared.text("items") is not None else None,
        item_name=declared.text("item_name"),
        users=declared.relation("users") if declared.text("users") is not None else None,
        segment=declared.text("segment"),
        horizon_days=declared.whole("horizon_days", 28, least=1, unit="days"),
        holdout=holdout,
        repeats=repeats,
        k=_k(declared),
        candidates=declared.several_of("candidates", CANDIDATES, _DEFAULT),
        metric=declared.one_of("metric", METRICS, "ndcg"),
        min_users_per_item=declared.whole("min_users_per_item", 20, least=1),
        half_life_days=declared.whole("half_life_days", 112, least=1, unit="days"),
        verbs=_verbs(declared),
        seed=declared.seed(RecommendationTask.seed),
        path=declared.path,
    )


def _k(declared: Declaration) -> int:
    k = declared.whole("k", 10, least=1)
    if k > MAX_K:
        raise declared.wrong(f"k must be at most {MAX_K}, not {k}")
    return k


def _filter(declared: Declaration) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = declared.given.get("filter", {})
    if not isinstance(found, Mapping):
        raise declared.wrong("filter must map columns of the events to the values that count")
    found = dict(found)
    if "event_types" in declared.given:
        found["event_type"] = declared.given["event_types"]
    kept = []
    for column, values in sorted(found.items()):
        several = values if isinstance(values, list) else [values]
        if not several or any(isinstance(value, list | Mapping) or value is None for value in several):
            raise declared.wrong(f"the filter on {column!r} must be a value or a list of values")
        kept.append((str(column), tuple(map(str, several))))
    return tuple(kept)


def _verbs(declared: Declaration) -> tuple[str, str]:
    given = declared.given.get("verbs", {"now": "buy", "past": "bought"})
    if not isinstance(given, Mapping) or set(given) != {"now", "past"}:
        raise declared.wrong("verbs needs exactly the keys 'now' and 'past'")
    return str(given["now"]), str(given["past"])

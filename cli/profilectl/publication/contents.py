"""Which tables and views a published file holds, and by what a change of each is known."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter

import duckdb

from profilectl.publication.views import Name, View, refers_to, rewritten
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_relation

# Never models, artefacts, raw rows or the identity ledger. An artefact can hold values of single people (the
# leaf of a tree); what is said of a model here is sums over at least 30 of them, and its settings.
ML_TABLES = (
    "scores", "score_reasons", "runs", "metrics", "feature_importance", "test_predictions", "segments",
    "segment_profiles", "recommendations", "feature_report", "reliability", "slices", "promotions",
)  # fmt: skip
#: Schema of what the published views read and BI need not see.
PARTS = "parts"
#: Columns that no published view needs: how a row got here, and identifiers that marts have elsewhere.
_NOT_IN_PARTS = frozenset(
    ("customer_id", "card", "email", "phone", "handle", "cookie", "device", "_file", "_row", "known_on")
)
_STAMP = "changed_in"


@dataclass(frozen=True)
class Content:
    """One table of the published file.

    Attributes
    ----------
    schema, name
        Where the warehouse has it.
    target
        Schema of the published file that gets it.
    key, stamp
        Rows with a larger ``stamp`` (an expression) than at the last publication replace those of the same
        ``key``, of which the last column tells most; without them the table is written whole each time.
    newer
        The condition that finds those rows, by a column alone where that can be: the engine asks it before
        it reads anything else. ``$through`` is the last stamp.
    is_interval
        Whether a row is an interval of builds that may have ended since, and is the same row otherwise. A
        key's intervals that have ended before the last publication are never written again.
    row
        What tells one row from all others, where a key can have several that do not come and go together.
    left_out
        Columns that are not published.
    """

    schema: str
    name: str
    target: str
    key: tuple[str, ...] = ()
    stamp: str | None = None
    newer: str = ""
    is_interval: bool = False
    row: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()

    @property
    def published(self) -> str:
        """Its name in the published file."""
        return f"{self.target}.{self.name}"

    @property
    def replaceable(self) -> str:
        """Which rows a newer one of their key replaces, or a user's going takes away."""
        return OPEN if self.is_interval else "true"


#: Intervals of builds: an open one ends with the largest number that there is. It is ended or taken away.
_INTERVALS = ("user_id", "from_build", "to_build")
OPEN = "to_build = 2147483647"
_INTERVAL_CHANGED = f"greatest(from_build, case when {OPEN} then from_build else to_build end)"
#: Intervals that the last publication had as open ones, and that have ended since.
ENDED = f"to_build > $through::bigint and not {OPEN} and from_build <= $through::bigint"
_SHAPES = (("intermediate", "int_events"), ("intermediate", "int_people"))
_BUILD, _MOMENT = "bigint", "timestamp"
_KEYS: dict[Name, tuple[tuple[str, ...], str, str]] = {
    ("marts", "dim_users"): (("user_id",), _STAMP, _BUILD),
    ("marts", "user_features"): (("user_id",), _STAMP, _BUILD),
    ("marts", "training_examples"): (("user_id",), _STAMP, _BUILD),
    ("marts", "identity_map"): (("identifier_id",), _STAMP, _BUILD),
    ("marts", "identity_changes"): (("change_id",), "batch_id", _BUILD),
    ("intermediate", "int_events"): (("event_id",), "_batch_id", _BUILD),
    ("intermediate", "int_people"): (("person_record_id",), "_batch_id", _BUILD),
    ("intermediate", "int_users"): (("user_key",), _STAMP, _BUILD),
    ("intermediate", "int_identity_keys"): (("identity_key",), _STAMP, _BUILD),
    ("intermediate", "int_identity_evidence"): (("identity_key",), _STAMP, _BUILD),
    ("intermediate", "int_identity_links"): (("identity_key",), _STAMP, _BUILD),
    ("intermediate", "int_top_categories"): (("user_key",), _STAMP, _BUILD),
    ("ml", "scores"): (("task", "user_id"), "scored_at", _MOMENT),
    ("ml", "score_reasons"): (("task", "user_id"), "explained_at", _MOMENT),
    ("ml", "segments"): (("task", "user_id"), "assigned_at", _MOMENT),
    ("ml", "recommendations"): (("task", "user_id"), "recommended_at", _MOMENT),
}


def contents(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[list[Content], list[View]]:
    """Return the tables and the views to publish, views in an order in which they can be made.

    Raises
    ------
    ProfilectlError
        If the warehouse has no marts.
    """
    columns = _columns(connection, source)
    named: set[Name] = {key for key in columns if not key[1].endswith(("__dbt_tmp", "__dbt_backup"))}
    marts = {key for key in named if key[0] == "marts"}
    if not marts:
        raise ProfilectlError("the warehouse has no marts to publish", hint="run: profilectl build")
    views = _views(connection, source, marts, named)
    tables = (marts - {(view.schema, view.name) for view in views}) | {
        ("ml", name) for name in ML_TABLES if ("ml", name) in named
    }
    parts = {part for view in views for part in view.reads if part[0] not in ("marts", "ml")}
    for view in views:
        _check(connection, source, view)
    return [_content(key, columns[key]) for key in sorted(tables | parts)], views


def _check(connection: duckdb.DuckDBPyConnection, source: str, view: View) -> None:
    """Find what cannot be published before anything is copied."""
    try:
        connection.execute(f"describe {quote_relation(source, view.schema, view.name)}")
    except duckdb.Error as error:
        raise ProfilectlError(
            f"the view {view.schema}.{view.name} cannot be read: {str(error).splitlines()[0]}",
            hint="run: profilectl build",
        ) from error
    for schema, name in sorted(view.reads):
        is_registry = schema == "ml" and name not in (*ML_TABLES, "models")
        if is_registry or schema in ("raw", "staging", "ops"):
            raise ProfilectlError(
                f"the view {view.schema}.{view.name} reads {schema}.{name}, which is not published",
                hint="let it read marts or intermediate models, or make the mart a table",
            )


def _content(key: Name, columns: frozenset[str]) -> Content:
    schema, name = key
    keyed, stamp, stamp_type = _KEYS.get(key, ((), None, ""))
    newer = "" if stamp is None else f"{stamp} > $through::{stamp_type}"
    row, is_interval = keyed, set(_INTERVALS) <= columns
    if is_interval:
        keyed = ("task", "user_id") if "task" in columns else ("user_id",)
        stamp, newer, row = _INTERVAL_CHANGED, "from_build > $through::bigint", (*keyed, "from_build")
    elif stamp is not None and not {stamp, *keyed} <= columns:
        keyed, stamp = (), None
    is_part = schema not in ("marts", "ml")
    hidden = {_STAMP} | (_NOT_IN_PARTS if key in _SHAPES else set())
    target = PARTS if is_part else schema
    left_out = columns & frozenset(hidden)
    return Content(schema, name, target, keyed, stamp, newer, is_interval, row, left_out)


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[str, str], frozenset[str]]:
    found = connection.execute(
        "select schema_name, table_name, list(column_name) from duckdb_columns()"
        " where database_name = ? and not internal group by all",
        [source],
    ).fetchall()
    return {(schema, name): frozenset(listed) for schema, name, listed in found}


def _views(
    connection: duckdb.DuckDBPyConnection, source: str, wanted: set[Name], known: set[Name]
) -> list[View]:
    found = connection.execute(
        "select schema_name, view_name, sql from duckdb_views() where database_name = ? and not internal",
        [source],
    ).fetchall()
    views = [
        # its own name is in the statement, too
        View(
            schema,
            name,
            rewritten(sql, source, PARTS, known),
            refers_to(sql, source, known - {(schema, name)}),
        )
        for schema, name, sql in found
        if (schema, name) in wanted
    ]
    return _ordered(views)


def _ordered(views: list[View]) -> list[View]:
    """Put each view behind those that it reads."""
    graph = TopologicalSorter({(view.schema, view.name): sorted(view.reads) for view in views})
    by_name = {(view.schema, view.name): view for view in views}
    return [by_name[name] for name in graph.static_order() if name in by_name]

"""Which tables and views a published file holds, and by what a change of each is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from profilectl.publication.views import View, refers_to, rewritten
from profilectl_ml.errors import ProfilectlError

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
        Rows with a larger ``stamp`` than at the last publication replace those of the same ``key``; without
        them the table is written whole each time.
    left_out
        Columns that are not published.
    """

    schema: str
    name: str
    target: str
    key: tuple[str, ...] = ()
    stamp: str | None = None
    left_out: frozenset[str] = frozenset()

    @property
    def stamp_type(self) -> str:
        """Type of the stamp: a moment, or the number of a build or batch."""
        return "timestamp" if str(self.stamp).endswith("_at") else "bigint"

    @property
    def published(self) -> str:
        """Its name in the published file."""
        return f"{self.target}.{self.name}"


_KEYS: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("marts", "dim_users"): (("user_id",), _STAMP),
    ("marts", "user_features"): (("user_id",), _STAMP),
    ("marts", "training_examples"): (("user_id",), _STAMP),
    ("marts", "identity_map"): (("identifier_id",), _STAMP),
    ("marts", "identity_changes"): (("change_id",), "batch_id"),
    ("intermediate", "int_events"): (("event_id",), "_batch_id"),
    ("intermediate", "int_people"): (("person_record_id",), "_batch_id"),
    ("intermediate", "int_users"): (("user_key",), _STAMP),
    ("intermediate", "int_identity_keys"): (("identity_key",), _STAMP),
    ("intermediate", "int_top_categories"): (("user_key",), _STAMP),
    ("ml", "scores"): (("task", "user_id"), "scored_at"),
    ("ml", "score_reasons"): (("task", "user_id"), "explained_at"),
    ("ml", "segments"): (("task", "user_id"), "assigned_at"),
    ("ml", "recommendations"): (("task", "user_id"), "recommended_at"),
}


def contents(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[list[Content], list[View]]:
    """Return the tables and the views to publish, views in an order in which they can be made.

    Raises
    ------
    ProfilectlError
        If the warehouse has no marts.
    """
    columns = _columns(connection, source)
    named = {key for key in columns if not key[1].endswith(("__dbt_tmp", "__dbt_backup"))}
    marts = {key for key in named if key[0] == "marts"}
    if not marts:
        raise ProfilectlError("the warehouse has no marts to publish", hint="run: profilectl build")
    views = _views(connection, source, marts)
    tables = (marts - {(view.schema, view.name) for view in views}) | {
        ("ml", name) for name in ML_TABLES if ("ml", name) in named
    }
    parts = {part for view in views for part in view.reads if part[0] not in ("marts", "ml")}
    for view in views:
        _check(view, named)
    return [_content(key, columns[key]) for key in sorted(tables | parts)], views


def _check(view: View, named: Iterable[tuple[str, str]]) -> None:
    for schema, name in sorted(view.reads):
        if (schema, name) not in set(named):
            raise ProfilectlError(
                f"the view {view.schema}.{view.name} reads {schema}.{name}, which is not there",
                hint="run: profilectl build",
            )
        is_registry = schema == "ml" and name not in (*ML_TABLES, "models")
        if is_registry or schema in ("raw", "staging", "ops"):
            raise ProfilectlError(
                f"the view {view.schema}.{view.name} reads {schema}.{name}, which is not published",
                hint="let it read marts or intermediate models, or make the mart a table",
            )


def _content(key: tuple[str, str], columns: frozenset[str]) -> Content:
    schema, name = key
    keyed, stamp = _KEYS.get(key, ((), None))
    if stamp is not None and not {stamp, *keyed} <= columns:
        keyed, stamp = (), None
    is_part = schema not in ("marts", "ml")
    left_out = columns & (_NOT_IN_PARTS | {_STAMP} if is_part else {_STAMP})
    return Content(schema, name, PARTS if is_part else schema, keyed, stamp, left_out)


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[str, str], frozenset[str]]:
    found = connection.execute(
        "select schema_name, table_name, list(column_name) from duckdb_columns()"
        " where database_name = ? and not internal group by all",
        [source],
    ).fetchall()
    return {(schema, name): frozenset(listed) for schema, name, listed in found}


def _views(
    connection: duckdb.DuckDBPyConnection, source: str, marts: Iterable[tuple[str, str]]
) -> list[View]:
    wanted = set(marts)
    found = connection.execute(
        "select schema_name, view_name, sql from duckdb_views() where database_name = ? and not internal",
        [source],
    ).fetchall()
    views = [
        View(schema, name, rewritten(sql, source, PARTS), refers_to(sql, source))
        for schema, name, sql in found
        if (schema, name) in wanted
    ]
    return _ordered(views)


def _ordered(views: list[View]) -> list[View]:
    """Put each view behind those that it reads."""
    names = {(view.schema, view.name) for view in views}
    done: list[View] = []
    waiting = sorted(views, key=lambda view: view.name)
    while waiting:
        made = {(view.schema, view.name) for view in done}
        ready = [view for view in waiting if (view.reads & names) <= made]
        done += ready
        waiting = [view for view in waiting if view not in ready]
    return done

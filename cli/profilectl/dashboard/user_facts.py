"""Everything that the published file says of one user; never more than a page can show."""

from __future__ import annotations

from typing import Any

from profilectl import facts
from profilectl.dashboard.source import Connection
from profilectl.facts import Row
from profilectl.profile import load_profile

DAYS = 2_000
EVENTS = 40
LINKS = 400
VALUES = 300
_EVENT = (
    "event_id", "occurred_at", "occurred_on", "event_type", "source", "item_id", "amount", "subject",
)  # fmt: skip


def everything(connection: Connection, user_id: str) -> dict[str, Any]:
    """Return the profile as ``profilectl show`` has it, with what only a page has room for.

    Besides the keys of ``load_profile``: ``evidence`` (values that sources gave), ``days`` (events by day and
    kind), ``events``, ``reasons``, ``recommendations``, ``links`` (between identifiers), ``segments``,
    ``serving`` (the kinds of the models that serve), and ``described``: text and unit of each feature, where
    the file has them.
    """

    def ask(schema: str, name: str, sql: str, limit: int) -> list[Row]:
        known = facts.has_table(connection, schema, name)
        return facts.rows(connection, sql, [user_id, limit]) if known else []

    found = load_profile(connection, user_id, events=0)
    days, latest = _happened(connection, user_id)
    found["identifiers"] = found["identifiers"][:VALUES]
    return found | {
        "evidence": ask(
            "marts",
            "user_attribute_evidence",
            "select attribute, value, source, last_updated_at, records, is_winner, rule, lost_because "
            "from marts.user_attribute_evidence where user_id = ? "
            "order by attribute, is_winner desc, last_updated_at desc, value, source limit ?",
            VALUES,
        ),
        "days": days,
        "events": latest,
        "scores": _scores(connection, user_id),
        "reasons": ask(
            "ml",
            "score_reasons",
            "select task, rank, feature, value, contribution, method, model_id from ml.score_reasons "
            "where user_id = ? order by task, rank limit ?",
            VALUES,
        ),
        "recommendations": ask(
            "marts",
            "user_recommendations",
            "select task, rank, item, department, category, subcategory, brand, reason "
            "from marts.user_recommendations where user_id = ? order by task, rank limit ?",
            VALUES,
        ),
        "links": ask(
            "marts",
            "identity_links",
            "select identifier_type, identifier_value, other_type, other_value, records, last_source, "
            "override_reason, first_seen_at, last_seen_at from marts.identity_links where user_id = ? "
            "order by records desc, identifier_id, other_id limit ?",
            LINKS,
        ),
        "segments": ask(
            "marts",
            "user_segments",
            "select task, segment, description, distance from marts.user_segments where user_id = ? "
            "order by task limit ?",
            VALUES,
        ),
        "serving": _serving(connection),
        "described": descriptions(connection, "user_features"),
    }


def descriptions(connection: Connection, mart: str) -> dict[str, tuple[str, str]]:
    """Return text and unit of each column of a mart that has a comment, such as ``Spend [currency]``."""
    found = facts.rows(
        connection,
        "select column_name, comment from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'marts' and table_name = ? and comment is not null",
        [mart],
    )
    return {row["column_name"]: split_unit(row["comment"]) for row in found}


def split_unit(comment: str) -> tuple[str, str]:
    """Part a description from the unit in brackets at its end.

    Examples
    --------
    >>> split_unit("Baskets in the last 7 days [count]"), split_unit("Favourite shop.")
    (('Baskets in the last 7 days', 'count'), ('Favourite shop.', ''))
    """
    text, bracket, unit = comment.strip().rpartition(" [")
    return (text, unit.rstrip(".]")) if bracket and unit.rstrip(".").endswith("]") else (comment.strip(), "")


def _happened(connection: Connection, user_id: str) -> tuple[list[Row], list[Row]]:
    """Return events by day and kind, and the latest ones with the category of their item."""
    known = facts.columns(connection, "marts", "fct_events")
    if not known:
        return [], []
    # One pass over everyone's events; the file is read-only, and a temporary table is not in it.
    kept = [name for name in _EVENT if name in known]
    connection.execute(
        f"create or replace temp table own_events as select {', '.join(kept)} from marts.fct_events "
        "where user_id = ?",
        [user_id],
    )
    days = facts.rows(
        connection,
        "select occurred_on, event_type, count(*) as events, sum(amount)::double as amount "
        "from own_events group by all order by occurred_on desc, event_type limit ?",
        [DAYS],
    )
    items = facts.columns(connection, "marts", "dim_items")
    # A file of an earlier version may lack what is only told beside.
    subject = "events.subject" if "subject" in kept else "null"
    category = next((name for name in ("category", "department") if name in items), None)
    joined = "left join marts.dim_items as items on events.item_id = items.item_id" if category else ""
    what = f"coalesce(items.{category}, {subject}, events.item_id)" if category else subject
    latest = facts.rows(
        connection,
        "with events as (select * from own_events order by occurred_at desc, event_id limit ?) "
        f"select events.occurred_at, events.event_type, {what} as what, events.amount, events.source "
        f"from events {joined} order by events.occurred_at desc, events.event_id",
        [EVENTS],
    )
    return days, latest


def _serving(connection: Connection) -> set[str]:
    models = facts.model_table(connection)
    found = facts.rows(connection, f"select distinct kind from {models} where serving") if models else []
    return {row["kind"] for row in found}


def _scores(connection: Connection, user_id: str) -> list[Row]:
    """Return the user's scores with the kind of what gave them."""
    if not facts.has_table(connection, "ml", "scores"):
        return []
    models = facts.model_table(connection)
    kind = f"(select any_value(kind) from {models} where model_id = scores.model_id)" if models else "null"
    return facts.rows(
        connection,
        f"select task, score, percentile, as_of, scored_at, model_id, {kind} as kind "
        "from ml.scores as scores where user_id = ? order by task",
        [user_id],
    )

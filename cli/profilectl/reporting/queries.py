"""What the report reads: one function per question, each returns small aggregated rows."""

from __future__ import annotations

import math

import duckdb

from profilectl.facts import Row, columns, model_table, rows
from profilectl_ml.sql import quote_identifier

WINDOWS = (7, 28, 91, 182)
WEEKS = 52
BINS = 24
FEATURES = 12
SCATTER = 2500
WHOLE = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT")
NUMERIC = (*WHOLE, "DOUBLE", "FLOAT", "DECIMAL")

Connection = duckdb.DuckDBPyConnection


def new_users_by_month(connection: Connection) -> list[Row]:
    """Return (month, users first seen in it)."""
    return rows(
        connection,
        "select strftime(date_trunc('month', first_seen_at), '%Y-%m') as month, count(*) as users "
        "from marts.dim_users where first_seen_at is not null group by 1 order by 1",
    )


def active_users(connection: Connection, as_of: str) -> list[Row]:
    """Return (days, users with an event in the last so many days up to ``as_of``)."""
    return rows(
        connection,
        "with last_seen as (select user_id, max(occurred_on) as day from marts.fct_events "
        "where user_id is not null and occurred_on <= ?::date and occurred_on > ?::date - ? "
        "group by user_id) "
        "select w.days, count(l.user_id) as users from (select unnest(?)::integer as days) w "
        "left join last_seen l on l.day > ?::date - w.days group by w.days order by w.days",
        [as_of, as_of, max(WINDOWS), list(WINDOWS), as_of],
    )


def weeks(connection: Connection, as_of: str) -> list[Row]:
    """Return (last day of the week, events, users, amount) of the latest year's weeks.

    They are counted back from ``as_of``; a week without events has nought of each. The week in which the data
    begins is left out: it is not whole.
    """
    return rows(
        connection,
        "with begun as (select (?::date - min(occurred_on) + 1) // 7 as whole from marts.fct_events), "
        "weeks as (select unnest(range(least(whole, ?))) as back from begun), "
        "days as (select user_id, amount, (?::date - occurred_on) // 7 as back from marts.fct_events "
        "where occurred_on <= ?::date and occurred_on > ?::date - 7 * ?) "
        "select ?::date - 7 * weeks.back::integer as week, count(days.back) as events, "
        "count(distinct user_id) as users, coalesce(sum(amount), 0)::double as amount "
        "from weeks left join days using (back) group by weeks.back order by week",
        [as_of, WEEKS, as_of, as_of, as_of, WEEKS, as_of],
    )


def kinds(connection: Connection) -> list[Row]:
    """Return (event type, source, events, last day), most events first."""
    return rows(
        connection,
        "select event_type, source, count(*) as events, max(occurred_on) as last_day "
        "from marts.fct_events group by all order by events desc, 1, 2",
    )


def coverage(connection: Connection) -> list[Row]:
    """Return (attribute, users it is known of) for the attributes of the golden record, most known first."""
    named = columns(connection, "marts", "dim_users")
    attributes = [name for name in named if f"{name}_source" in named]
    if not attributes:
        return []
    counts = ", ".join(f"count({quote_identifier(name)}) as {quote_identifier(name)}" for name in attributes)
    [found] = rows(connection, f"select {counts} from marts.dim_users")
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [{"attribute": name, "users": users} for name, users in ranked]


def loads(connection: Connection, limit: int) -> list[Row]:
    """Return (load, rows landed, shaped, quarantined, duplicates) of the latest loads, the oldest first."""
    found = rows(
        connection,
        "select batch_id, sum(landed)::bigint as landed, sum(shaped)::bigint as shaped, "
        "sum(quarantined)::bigint as quarantined, sum(duplicates)::bigint as duplicates "
        "from marts.data_quality group by batch_id order by batch_id desc limit ?",
        [limit],
    )
    return found[::-1]


def quarantine_reasons(connection: Connection) -> list[Row]:
    """Return (source, entity, column, reason, rows), most rows first; whole files are no rows."""
    return rows(
        connection,
        "select source, entity, coalesce(column_name, '') as column_name, reason, count(*) as n "
        "from marts.quarantined_rows where row_number is not null group by all order by n desc, 1, 2, 3, 4",
    )


def files_not_taken(connection: Connection) -> list[Row]:
    """Return (file, reason, detail) of the whole files that are in quarantine, the latest load first."""
    return rows(
        connection,
        "select file, reason, detail from marts.quarantined_rows where row_number is null "
        "qualify row_number() over (partition by file order by batch_id desc, reason) = 1 "
        "order by batch_id desc, file",
    )


def chosen_features(connection: Connection, important: list[str]) -> list[str]:
    """Return the features to draw: the most important ones first, then the others in their order."""
    numeric = [
        name
        for name, kind in columns(connection, "marts", "user_features").items()
        if kind.split("(")[0] in NUMERIC
    ]
    leading = [name for name in important if name in numeric]
    return [*leading, *(name for name in numeric if name not in leading)][:FEATURES]


def histogram(connection: Connection, feature: str) -> Row:
    """Return summary and bin counts of one feature; values beyond the 99th percentile go to the last bin."""
    name = quote_identifier(feature)
    [summary] = rows(
        connection,
        f"select count({name}) as known, count(*) as users, min({name})::double as low, "
        f"quantile_cont({name}::double, [0.5, 0.99]) as quantiles, max({name})::double as top "
        "from marts.user_features",
    )
    summary["median"], summary["high"] = summary.pop("quantiles") or (None, None)
    low, high = summary["low"], summary["high"]
    if low is None or high is None:
        return {**summary, "feature": feature, "bins": []}
    width, last = (high - low) / BINS or 1.0, BINS - 1
    if columns(connection, "marts", "user_features")[feature] in WHOLE:
        # Each bar has as many whole numbers as the next: gaps and peaks are then those of the data.
        width = float(math.ceil((high - low + 1) / BINS))
        low = summary["low"] = low - 0.5
        last = int((high - low) // width)
    bins = rows(
        connection,
        f"select least(greatest(floor(({name}::double - ?) / ?), 0), ?)::integer as bin, count(*) as n "
        f"from marts.user_features where {name} is not null group by 1 order by 1",
        [low, width, last],
    )
    return {**summary, "feature": feature, "width": width, "bins": bins}


def metrics(connection: Connection, run_id: str) -> list[Row]:
    """Return the metrics of every candidate of a run, on validation and test windows."""
    return rows(
        connection,
        "select candidate, split, metric, value, low, high from ml.metrics where run_id = ? order by 1, 2, 3",
        [run_id],
    )


def model_of_run(connection: Connection, run_id: str) -> str | None:
    """Return the model a run left, from the registry, or from the summary a published file carries."""
    listed = model_table(connection)
    if listed is None:
        return None
    found = rows(
        connection,
        f"select model_id from {listed} where run_id = ? order by created_at desc, model_id limit 1",
        [run_id],
    )
    return str(found[0]["model_id"]) if found else None


def importance(connection: Connection, model_id: str, limit: int = 15) -> list[Row]:
    """Return the most important features of a model, with intervals."""
    return rows(
        connection,
        "select feature, importance, low, high from ml.feature_importance where model_id = ? "
        "order by importance desc, feature limit ?",
        [model_id, limit],
    )


def predictions(connection: Connection, model_id: str) -> list[Row]:
    """Return (actual, predicted, baseline) of test users: all of them, or a fixed sample of many."""
    return rows(
        connection,
        "select actual, predicted, baseline from ml.test_predictions where model_id = ? "
        "order by md5(user_id) limit ?",
        [model_id, SCATTER],
    )


def calibration(connection: Connection, model_id: str) -> list[Row]:
    """Return mean predicted, actual and baseline in each tenth of the predictions."""
    return rows(
        connection,
        "with tenths as (select *, ntile(10) over (order by predicted, user_id) as tenth "
        "from ml.test_predictions where model_id = ?) "
        "select tenth, avg(predicted) as predicted, avg(actual) as actual, avg(baseline) as baseline, "
        "count(*) as users from tenths group by tenth order by tenth",
        [model_id],
    )


def score_deciles(connection: Connection, task: str) -> list[Row]:
    """Return users and lowest, mean, highest and summed score of each tenth of the scores, lowest first."""
    return rows(
        connection,
        "with tenths as (select score, ntile(10) over (order by score, user_id) as tenth "
        "from ml.scores where task = ? and score is not null) "
        "select tenth, count(*) as users, min(score) as low, avg(score) as mean, max(score) as high, "
        "sum(score) as total from tenths group by tenth order by tenth",
        [task],
    )

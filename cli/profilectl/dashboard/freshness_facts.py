"""Questions about the published version itself: its runs, its latencies, what it holds."""

from __future__ import annotations

from profilectl.dashboard.source import Connection
from profilectl.facts import Row, columns, has_table, rows

SHOWN_RUNS = 30
#: Latencies of the newest files only: older ones say how fast it once was.
FILES = 1_000


def newest(connection: Connection) -> list[Row]:
    """Return (source, newest event, when its last row was loaded) of each source."""
    if not has_table(connection, "marts", "fct_events"):
        return []
    # Warehouses of earlier versions do not say when a row was loaded.
    loaded = "max(loaded_at)" if "loaded_at" in columns(connection, "marts", "fct_events") else "null"
    return rows(
        connection,
        f"select source, max(occurred_at) as newest, {loaded} as loaded from marts.fct_events "
        "group by source order by source",
    )


def runs(connection: Connection) -> list[Row]:
    """Return the latest runs, the newest first, each with its ``seconds``; empty where none are noted."""
    if not has_table(connection, "meta", "runs"):
        return []
    return rows(
        connection,
        "select started_at, command, outcome, reason, files, rows, users, "
        "epoch(ended_at - started_at) as seconds "
        "from meta.runs order by started_at desc, run_id desc limit ?",
        [SHOWN_RUNS],
    )


def latencies(connection: Connection) -> list[Row]:
    """Return (source, files, percentiles of the seconds from a file's arrival to its published profile)."""
    if not has_table(connection, "meta", "freshness"):
        return []
    return rows(
        connection,
        "with latest as (select source, seconds from meta.freshness where seconds is not null "
        "order by published_at desc, run_id desc, file limit ?) "
        "select coalesce(source, 'all') as source, count(*) as files, "
        "quantile_cont(seconds, 0.5) as p50, quantile_cont(seconds, 0.95) as p95, "
        "quantile_cont(seconds, 0.99) as p99, max(seconds) as longest "
        "from latest group by grouping sets ((source), ()) having count(*) > 0 "
        "order by grouping(source) desc, 1",
        [FILES],
    )


def tables(connection: Connection) -> list[Row]:
    """Return (table, rows) of everything the version holds."""
    return rows(connection, 'select table_name, row_count from meta."tables" order by table_name')

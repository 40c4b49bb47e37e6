"""Freshness: which version is shown, how old it is, and how the runs that made it went."""

from __future__ import annotations

from typing import Any

from profilectl import facts, publishing
from profilectl.dashboard import blocks, freshness_facts
from profilectl.dashboard.source import Version
from profilectl.facts import Row
from profilectl.reporting import figures, trend_figures, words
from profilectl.reporting.sections import Block, Section
from profilectl_ml.watermarks import utc_now


def page(version: Version, _: str) -> Any:
    """Return the page; never a kept one, because an age changes by itself."""
    with version.opened() as connection:
        [about] = facts.rows(connection, "select * from meta.publication")
        newest = version.answer("newest events", freshness_facts.newest)
        runs = freshness_facts.runs(connection)
        latencies = freshness_facts.latencies(connection)
        tables = freshness_facts.tables(connection)
        size = version.file.stat().st_size
    now = utc_now()
    kept = publishing.versions(version.paths)
    return blocks.page(
        "Freshness",
        f"This is version {version.name}, published {words.moment(about['published_at'])}.",
        blocks.tiles(
            [
                ("age of the version", words.span(now - about["published_at"])),
                ("data up to", about["as_of"]),
                ("size", f"{size / 1e6:,.1f} MB"),
                ("versions kept", len(kept)),
            ]
        ),
        blocks.section(Section("runs", "Runs", "", [*_runs(runs), *_latencies(latencies)])),
        blocks.section(Section("content", "What it holds", "", [_newest(newest), _tables(tables)])),
    )


def _runs(runs: list[Row]) -> list[Block]:
    empty = "No runs are noted in this version: profilectl update notes them."
    listed = Block("runs-list", "Latest runs", empty=empty, table_open=True, wrapped=True)
    if not runs:
        return [listed]
    listed.wide = True
    listed.columns = ("started", "command", "outcome", "seconds", "files", "rows", "users", "why")
    listed.rows = [
        [row[n] for n in ("started_at", "command", "outcome", "seconds", "files", "rows", "users", "reason")]
        for row in runs
    ]
    timed = [row for row in runs[::-1] if row["seconds"] is not None]
    drawn = Block("runs-seconds", "How long runs take", wide=True, empty="No run has ended yet.")
    if timed:
        drawn.figure = trend_figures.over_time(
            [row["started_at"] for row in timed],
            [("s", [row["seconds"] for row in timed], figures.BLUE, "solid")],
            x_title="started",
            y_title="seconds",
        )
    return [drawn, listed]


def _latencies(latencies: list[Row]) -> list[Block]:
    block = Block("latencies", "From file to published profile", table_open=True)
    block.empty = "No latencies are noted in this version: profilectl update and watch note them."
    if latencies:
        block.wide = True
        block.figure = figures.stacked(
            [row["source"] for row in latencies],
            [("seconds", [row["p95"] for row in latencies], figures.BLUE)],
            x_title="95th percentile [seconds]",
        )
        block.columns = ("source", "files", "median [s]", "95th [s]", "99th [s]", "longest [s]")
        block.rows = [
            [row[n] for n in ("source", "files", "p50", "p95", "p99", "longest")] for row in latencies
        ]
    return [block]


def _newest(newest: list[Row]) -> Block:
    block = Block("newest", "Newest event of each source", empty="No events yet.", table_open=True)
    block.columns = ("source", "newest event", "last loaded")
    block.rows = [(row["source"], row["newest"], row["loaded"]) for row in newest]
    return block


def _tables(tables: list[Row]) -> Block:
    block = Block("tables", "Tables", empty="The version does not say.")
    block.note = f"{len(tables)} tables with {sum(row['row_count'] for row in tables):,} rows in all."
    block.columns = ("table", "rows")
    block.rows = [(row["table_name"], row["row_count"]) for row in tables]
    return block

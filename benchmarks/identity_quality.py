"""How right the users are that exact rules find, on labelled people, beside Splink.

    python benchmarks/identity_quality.py --data DIR [--json FILE] [--home DIR] [--peers splink,scipy]

DIR holds the folders `febrl` and `splink_datasets`. Each row is a record; records that agree on a rule's
columns are linked (identity_quality_rules.py lists the rules, in three levels), and users are the components
of the links, found by the product's `connected_components` materialisation in the project that identity.py
measures. Judged by pairs of records: precision is the share of the pairs put together that belong together,
recall the share of the pairs that belong together that were put together. Splink gets the same rules as
deterministic links and clusters them itself; scipy gets our links.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from full_build import show
from identity import without_missing
from identity_project import write_project
from identity_quality_data import Labelled, read_folder
from identity_quality_pairs import edges, scored_pairs
from identity_quality_rules import LEVELS, Rule, rules_for
from identity_run import Contender, Record

THRESHOLD = 1.0
LIMIT_S = 600


@dataclass(frozen=True)
class Case:
    """One data set under the rules of one level; the number keeps its records apart from other cases'."""

    number: int
    data: Labelled
    level: int
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.data.name}, {LEVELS[self.level]}"

    @property
    def edges(self) -> str:
        """SQL for its edges."""
        found = edges(scored_pairs(self.data.table, self.rules), THRESHOLD)
        ends = (f"'{self.number}/' || {end} as {end}" for end in ("identifier_l", "identifier_r"))
        return f"select {', '.join(ends)} from ({found})"

    def users(self, user_map: str) -> str:
        """Return SQL for (record, user) out of a map of all cases; who is on no edge is a user alone."""
        return f"""
            select records.record, coalesce(found.user, records.record) as user
            from {self.data.table} as records
            left join {user_map} as found on found.identifier = '{self.number}/' || records.record
            """


def cases_of(found: list[Labelled]) -> list[Case]:
    """Return a case for every level that has rules of its own on a data set."""
    cases: list[Case] = []
    for data in found:
        before: tuple[Rule, ...] = ()
        for level in LEVELS:
            rules = tuple(rules_for(data.columns, level))
            if rules != before:
                cases.append(Case(len(cases), data, level, rules))
            before = rules
    return cases


def solved(connection: duckdb.DuckDBPyConnection, one: Contender, file: Path) -> tuple[str, float]:
    """Let a contender solve all cases at once; returns its map, attached, and its peak memory in MB."""
    took = one.run([file])
    if took.status != 0:
        raise SystemExit(f"{one.name} failed")
    connection.execute(f"attach '{one.output}' as {one.name} (read_only)")
    return f"{one.name}.{one.table}", took.peak_mb


def judged(connection: duckdb.DuckDBPyConnection, table: str, users: str) -> dict[str, float]:
    """Return precision, recall and F1 over pairs of records of `users` (record, user) against the labels."""
    (both, together, belong), *_ = connection.execute(
        f"""
        with met as (
            select person, user as u, count(*) as n
            from {table} inner join ({users}) as found using (record) group by person, user
        ),
        pairs as (
            select 'both' as of, sum(n * (n - 1)) / 2 as n from met
            union all
            select 'together', sum(n * (n - 1)) / 2 from (select sum(n) as n from met group by u)
            union all
            select 'belong', sum(n * (n - 1)) / 2 from (select sum(n) as n from met group by person)
        )
        select sum(n) filter (of = 'both'), sum(n) filter (of = 'together'), sum(n) filter (of = 'belong')
        from pairs
        """
    ).fetchall()
    return {
        "precision": float(both / max(together, 1)),
        "recall": float(both / max(belong, 1)),
        "f1": float(2 * both / max(together + belong, 1)),
    }


def by_splink(connection: duckdb.DuckDBPyConnection, case: Case) -> str:
    """Return SQL for (record, user) as Splink stitches the case."""
    from identity_quality_splink import stitch  # an optional extra

    table = stitch(connection, case.data.table, case.rules)
    return f"select record, cluster_id as user from {table}"


def measure(
    cases: list[Case], connection: duckdb.DuckDBPyConnection, home: Path, peers: list[str]
) -> list[Record]:
    """Stitch every case by everyone: the table's rows."""
    file = home / "edges.parquet"
    every = " union all ".join(case.edges for case in cases)
    connection.execute(f"copy ({every}) to '{file}' (format parquet)")
    project = write_project(home / "project")
    ours, peak_mb = solved(connection, Contender("ours", home, LIMIT_S, project), file)
    by_scipy = ""
    if "scipy" in peers:
        by_scipy, _ = solved(connection, Contender("scipy", home, LIMIT_S), file)
    rows: list[Record] = []
    for case in cases:
        mine = judged(connection, case.data.table, case.users(ours))
        for peer in peers or ["none"]:
            theirs: dict[str, float] = {}
            if peer != "none":
                users = by_splink(connection, case) if peer == "splink" else case.users(by_scipy)
                theirs = judged(connection, case.data.table, users)
            for name, value in mine.items():
                other = theirs.get(name)
                rows.append(
                    {
                        "case": case.name,
                        "size": case.data.records,
                        "measure": name,
                        "ours": round(value, 4),
                        "peer": peer,
                        "theirs": None if other is None else round(other, 4),
                        "ratio": round(value / other, 4) if other else None,
                        "unit": "share of pairs",
                        "peak_mb": round(peak_mb),
                    }
                )
    return rows


def main() -> None:
    """Judge every data set under every level of rules and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--home", type=Path, default=Path("var/benchmarks/identity_quality"))
    parser.add_argument("--peers", default="splink", help="comma-separated: splink, scipy; empty for none")
    given = parser.parse_args()
    home = given.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    peers = without_missing([name for name in given.peers.split(",") if name])
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        cases = cases_of(read_folder(connection, given.data))
        for case in cases:
            print(f"{case.name}: {'; '.join(' + '.join(rule.columns) for rule in case.rules)}")
        rows = measure(cases, connection, home, peers)
    show(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Say whether two maps (identifier, user) divide the same identifiers alike, whatever they call the users.

    python benchmarks/identity_partition.py FILE TABLE FILE TABLE

Prints one line; exits with 1 where they differ. A process of its own: what it holds must not count as the
memory of those compared.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb


def compare(ours: tuple[str, str], theirs: tuple[str, str]) -> str | None:
    """Return how the maps differ, each given as database file and table; none where they agree."""
    with duckdb.connect() as connection:
        connection.execute("create schema sides")
        connection.execute("set schema = 'sides'")
        for name, (file, table) in (("ours", ours), ("theirs", theirs)):
            # under the name it was made with, which its views may say: the two files' names must differ
            connection.execute(f"attach '{file}' (read_only)")
            source = f'"{Path(file).stem}".{table}'
            connection.execute(f"create view sides.{name} as select identifier, user as u from {source}")
        connection.execute(
            """
            create table met as
            select ours.u as a, theirs.u as b, count(*) as identifiers
            from ours inner join theirs on ours.identifier = theirs.identifier
            group by ours.u, theirs.u
            """
        )
        both, users, a, b = connection.execute(
            "select coalesce(sum(identifiers), 0), count(*), count(distinct a), count(distinct b) from met"
        ).fetchone() or (0, 0, 0, 0)
        (one,), (other,) = connection.execute(
            "select count(*) from ours union all select count(*) from theirs"
        ).fetchall()
    if (both, both) != (one, other):
        return f"{one:,} identifiers against {other:,}, {both:,} in both"
    if (users, users) != (a, b):
        return f"{a:,} users against {b:,}"
    print(f"equal: {both:,} identifiers of {users:,} users")
    return None


if __name__ == "__main__":
    one_file, one_table, other_file, other_table = sys.argv[1:]
    difference = compare((one_file, one_table), (other_file, other_table))
    if difference is not None:
        print(f"DIFFERENT: {difference}")
        sys.exit(1)

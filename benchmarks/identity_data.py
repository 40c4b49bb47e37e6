"""Write the edges of one generated graph, pairs of identifiers as text, to a parquet file.

    python benchmarks/identity_data.py GRAPH SIZE FILE

`realistic` holds SIZE identifiers in components of 2 to 8, as many edges as identifiers, in no order, and
identifiers of the lengths that e-mails, phones, cookies, customer and device ids have. `delta` is what one
more hundredth of those edges may bring: known identifiers that meet new ones, a few that join two users, and
new users. The others are shapes that algorithms for connected components are known to fail on. All chance is
a hash of the place in the graph and SEED: the same call makes the same file.

In `realistic` and `delta` the places of an identifier in its component, `member_l` and `member_r`, differ on
every edge: an edge can be read as a record with two identifiers of different types.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

SEED = 20240229
SHAPES = ("chain", "hub", "bipartite", "self_edges", "duplicate_edges")
ROOM = 8  # numbers set aside per component: its largest size
VERSION = 2  # of the files: rises when the same call makes another file


def chance(*parts: str) -> str:
    """Return SQL for a number that depends on `parts` and the seed alone."""
    return f"hash({', '.join(parts)}, {SEED})"


def identifier(number: str) -> str:
    """Return SQL that names a numbered identifier: five kinds, 11 to 32 characters."""
    return f"""case {chance(number)} % 5
        when 0 then 'person' || {number} || '@mail.example'
        when 1 then '+1' || lpad(cast({number} as varchar), 10, '0')
        when 2 then md5(cast({number} as varchar))
        when 3 then 'customer-' || {number}
        else 'device-' || left(md5(cast({number} as varchar)), 16) || {number} end"""


def in_order(number: str) -> str:
    """Return SQL for a name that sorts as its number does."""
    return f"'cookie-' || lpad(cast({number} as varchar), 9, '0')"


def realistic(size: int) -> str:
    """Return SQL for pairs of numbers: a random tree in each component, and some edges beside it."""
    components = max(1, size // 5)
    return f"""
        with components as (
            select range as place, 2 + cast({chance("range", "'size'")} % {ROOM - 1} as bigint) as members
            from range({components})
        ),
        members as (select place, unnest(range(1, members)) as member from components)
        select place * {ROOM} + member as a,
            place * {ROOM} + cast({chance("place", "member", "'tree'")} % member as bigint) as b
        from members
        union all
        select place * {ROOM} + member,
            place * {ROOM} + cast({chance("place", "member", "'beside'")} % member as bigint)
        from members
        where member > 1 and {chance("place", "member", "'more'")} % 10 < 3
        """


def delta(size: int) -> str:
    """Return SQL for one hundredth as many pairs: 7 of 10 meet a new identifier, 1 joins users, 2 are new."""
    components = max(1, size // 5)
    known = f"cast({chance('range', '{}')} % {components} as bigint) * {ROOM}"
    new = f"({components} + range) * {ROOM}"
    one, other = known.format("'one'"), known.format("'other'")
    # every component has the members 0 and 1
    return f"""
        select case when range % 10 < 8 then {one} else {new} end as a,
            case when range % 10 = 7 then {other} else {new} end + 1 as b
        from range({max(1, size // 100)})
        """


def shape(name: str, size: int) -> str:
    """Return SQL for the pairs of numbers of a shape; `size` counts its nodes, of `bipartite` its edges."""
    side = max(1, int(size**0.5))
    return {
        "chain": f"select range + 1 as a, range as b from range({size - 1})",
        "hub": f"select {size // 2} as a, if(range < {size // 2}, range, range + 1) as b from range({size})",
        "bipartite": f"select l.range as a, {side} + r.range as b from range({side}) l, range({side}) r",
        # every third edge's end meets itself too, and some identifiers meet nobody else
        "self_edges": f"""
            select a, b from ({realistic(size)})
            union all select a, a from ({realistic(size)}) where a % 3 = 0
            union all select {size} * {ROOM} + range, {size} * {ROOM} + range from range({size // 10})""",
        "duplicate_edges": f"select a, b from ({realistic(size)}), range(10)",
    }[name]


def write(name: str, size: int, file: Path) -> None:
    """Write the edges of graph `name` to `file`, by way of a file that is renamed when it is whole."""
    pairs = shape(name, size) if name in SHAPES else {"realistic": realistic, "delta": delta}[name](size)
    # A chain's names keep the order of its nodes: the worst case of those that pass on the smallest name.
    named = in_order if name == "chain" else identifier
    partial = file.with_suffix(".partial")
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute(
            f"""
            copy (
                with pairs as ({pairs}),
                numbered as (select a, b, row_number() over () as place from pairs),
                turned as (
                    select if(turn, a, b) as l, if(turn, b, a) as r
                    from (select a, b, {chance("place", "'turn'")} % 2 = 0 as turn from numbered)
                )
                select {named("l")} as identifier_l, {named("r")} as identifier_r,
                    cast(l % {ROOM} as utinyint) as member_l, cast(r % {ROOM} as utinyint) as member_r
                from turned order by {chance("l", "r", "'order'")}
            ) to '{partial}' (format parquet)
            """
        )
    partial.rename(file)


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))

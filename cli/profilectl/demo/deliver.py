"""From clean rows to the records of files: each row written once, then the dirt beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from profilectl.demo.entity import Dirt, Entity
from profilectl_ml.sql import quote_identifier, quote_literal

HOUSEHOLDS = 2469
COPIES_WANTED_AT_MOST = 4


def deliver(con: duckdb.DuckDBPyConnection, entity: Entity, months: Sequence[str]) -> None:
    """Make the table ``delivered``: one row per record of the entity's files.

    Its columns are ``month``, ``file``, ``pos`` and ``tie`` (the order in the file), ``kind`` (the
    dirt, or ``clean``), ``expected``, ``reason`` and ``line``.
    """
    con.execute(
        """
        create or replace table delivered (
            month varchar, file varchar, pos bigint, tie integer, kind varchar, expected varchar,
            reason varchar, line varchar
        )
        """
    )
    con.execute("create or replace table wanted as select unnest($months) as month", {"months": list(months)})
    rendered = _rendered(entity)
    stem = f"{entity.name}_"
    con.execute(
        f"""
        insert into delivered
        select month, '{stem}' || month, pos, 0, 'clean', 'kept', null, {rendered}
        from {entity.table} semi join wanted using (month)
        """
    )
    _pick_rows(con, entity)
    first = 1
    for tie, dirt in enumerate(entity.dirt, start=1):
        rows = _scaled(con, dirt.rows)
        _insert_copies(con, entity, dirt, tie, rendered, first, first + rows - 1)
        first += rows
    _redeliver(con, entity)


def _rendered(entity: Entity) -> str:
    """Return the SQL of a record's text, with the one month whose columns differ."""
    usual = _record(entity, entity.columns)
    if entity.variant is None:
        return usual
    other = _record(entity, entity.variant.columns)
    return f"case when month = {quote_literal(entity.variant.month)} then {other} else {usual} end"


def _record(entity: Entity, columns: Mapping[str, str]) -> str:
    if not entity.is_csv:
        members = ", ".join(f"{quote_identifier(name)} := {sql}" for name, sql in columns.items())
        return f"to_json(struct_pack({members}))::varchar"
    if entity.needs_quotes:
        fields = [f"csv_field(({sql})::varchar)" for sql in columns.values()]
    else:
        fields = [f"coalesce(({sql})::varchar, '')" for sql in columns.values()]
    return "concat_ws(',', " + ", ".join(fields) + ")"


def _scaled(con: duckdb.DuckDBPyConnection, rows: int) -> int:
    found = con.execute("select count(*) from household").fetchone()
    assert found is not None  # noqa: S101 - an aggregate always has a row
    return max(1, round(rows * min(1.0, int(found[0]) / HOUSEHOLDS)))


def _pick_rows(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Number, per month, the rows that chance puts first; each kind of dirt takes the next few."""
    wanted = sum(_scaled(con, dirt.rows) for dirt in entity.dirt)
    con.execute(
        f"""
        create or replace table picked as
        with counted as (select count(*) as n from {entity.table})
        select *, row_number() over (partition by month order by dice, pos) as place
        from {entity.table}
        semi join wanted using (month)
        -- ranking a hundredth of the rows instead of all: the margin keeps enough in every month
        where dice < (select {12.0 * COPIES_WANTED_AT_MOST * wanted} / greatest(n, 1) from counted)
        """
    )


def _insert_copies(
    con: duckdb.DuckDBPyConnection,
    entity: Entity,
    dirt: Dirt,
    tie: int,
    rendered: str,
    first: int,
    last: int,
) -> None:
    changed = ", ".join(f"{sql} as {quote_identifier(column)}" for column, sql in dirt.replace.items())
    con.execute(
        f"""
        insert into delivered
        with copied as (
            select * {f"replace ({changed})" if changed else ""}
            from picked
            where place between {first} and {last}
        ),
        written as (select month, pos, {rendered} as line from copied)
        select month, ? || month, pos, {tie}, ?, ?, ?, {dirt.mangle or "line"}
        from written
        """,
        [f"{entity.name}_", dirt.kind, dirt.expected, dirt.reason],
    )


def _redeliver(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Send a part of some months' intact records a second time, in a file of another name."""
    con.execute(
        """
        insert into delivered
        with numbered as (
            select *, row_number() over (partition by month order by pos) as place,
                count(*) over (partition by month) as places
            from delivered
            where kind = 'clean' and list_contains($months, month)
        )
        select month, file || '_redelivered', pos, 0, 'redelivered_file', 'duplicate', null, line
        from numbered
        where place <= ceil(places * $share)
        """,
        {"months": list(entity.redelivered), "share": entity.redelivered_share},
    )

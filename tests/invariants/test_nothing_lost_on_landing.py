"""Invariant 1, at the door: every record that lands is a raw row or an error, and values stay as they came.

Random rows are split into files of random formats, some lines are damaged, some files come again.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profilectl.landing.contract import Contract
from profilectl.landing.load import land

COLUMNS = ("event_id", "page", "note")
CONTRACT = Contract.from_rows(
    [("web", "events", name, position, name == "event_id") for position, name in enumerate(COLUMNS)]
)

texts = st.text(
    st.one_of(
        st.sampled_from("\"',;\t|\n\r\\ {}[]:é€😀\u2028\u00a0x0"),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    max_size=12,
)
Row = tuple[str, str | None, str | None]
rows = st.lists(
    st.tuples(texts.map(lambda text: "e" + text), st.none() | texts, st.none() | texts), max_size=12
)

# Damage that leaves no doubt which record it belongs to.
CSV_DAMAGE = [b"cut", b"a,b,c,d,e", b"\xff\xfe,b,c", b'a,"b"x,c', b"a,\xc3,c"]
JSON_DAMAGE = [
    b'{"event_id":"cut',
    b"[1,2]",
    b"oops",
    b'{"event_id":"\xff"}',
    b"null",
    b'{"a":1}{"b":2}',
    b"{",
]


@dataclass(frozen=True)
class Delivery:
    """One file: its rows, and what stands before each of them (None: nothing)."""

    rows: list[Row]
    kind: str
    zipped: bool
    damage: dict[int, bytes]
    newline: str
    again: bool

    @property
    def name(self) -> str:
        return f"{self.kind}{'.gz' if self.zipped and self.kind != 'parquet' else ''}"

    @property
    def bad_rows(self) -> list[int]:
        """Record numbers of the damaged lines."""
        return [before + count + 1 for count, before in enumerate(sorted(self.damage))]

    def content(self, scratch: Path) -> bytes:
        if self.kind == "parquet":
            return self._parquet(scratch)
        content = self._csv() if self.kind == "csv" else self._json()
        return gzip.compress(content) if self.zipped else content

    def _csv(self) -> bytes:
        lines = [(",".join(COLUMNS) + self.newline).encode()]
        for index, row in enumerate([*self.rows, None]):
            if index in self.damage:
                lines.append(self.damage[index] + self.newline.encode())
            if row is not None:
                lines.append(_csv_record(row, self.newline))
        return b"".join(lines)

    def _json(self) -> bytes:
        lines: list[bytes] = []
        for index, row in enumerate([*self.rows, None]):
            if index in self.damage:
                lines.append(self.damage[index])
            if row is not None:
                pairs = {name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None}
                lines.append(json.dumps(pairs, ensure_ascii=index % 2 == 0).encode())
        if self.kind == "json":
            return b"[\n" + b",\n".join(lines) + b"\n]\n"
        return self.newline.encode().join(lines) + b"\n"

    def _parquet(self, scratch: Path) -> bytes:
        path = scratch / "made.parquet"
        with duckdb.connect() as connection:
            connection.execute("create table made (event_id varchar, page varchar, note varchar)")
            if self.rows:
                connection.executemany("insert into made values (?, ?, ?)", self.rows)
            connection.execute(f"copy made to '{path}' (format parquet)")
        return path.read_bytes()


def _csv_record(row: Row, newline: str) -> bytes:
    """Write null as nothing and every text in quotes where it needs them, the empty text too."""
    fields = []
    for value in row:
        needs = value is not None and (
            not value or value != value.strip(" ") or any(c in value for c in '",\r\n')
        )
        fields.append("" if value is None else '"' + value.replace('"', '""') + '"' if needs else value)
    return (",".join(fields) + newline).encode()


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    kind = draw(st.sampled_from(["csv", "jsonl", "ndjson", "json", "parquet"]))
    made = draw(rows)
    damage: dict[int, bytes] = {}
    if kind != "parquet":
        choices = st.sampled_from(CSV_DAMAGE if kind == "csv" else JSON_DAMAGE)
        damage = draw(st.dictionaries(st.integers(0, len(made)), choices, max_size=4))
    return Delivery(
        made, kind, draw(st.booleans()), damage, draw(st.sampled_from(["\n", "\r\n"])), draw(st.booleans())
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(deliveries(), min_size=1, max_size=4))
def test_every_record_that_lands_is_a_row_or_an_error(made: list[Delivery]) -> None:
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
        root, temp = Path(name) / "landing", Path(name) / "tmp"
        folder = root / "web" / "events"
        folder.mkdir(parents=True)
        files = {f"web/events/{index}.{delivery.name}": delivery for index, delivery in enumerate(made)}
        for file, delivery in files.items():
            (root / file).write_bytes(delivery.content(Path(name)))
        land(connection, CONTRACT, root, temp)
        assert land(connection, CONTRACT, root, temp).batch_id is None
        for file, delivery in files.items():
            if delivery.again:
                (root / file).touch()
        land(connection, CONTRACT, root, temp)
        for file, delivery in files.items():
            _check(connection, file, delivery)


def _check(connection: duckdb.DuckDBPyConnection, file: str, delivery: Delivery) -> None:
    batches = [1, 2] if delivery.again else [1]
    entries = connection.execute(
        """
        select batch_id, status, reason, rows, rows_loaded, rows_rejected
        from raw.load_ledger where file = ? order by batch_id
        """,
        [file],
    ).fetchall()
    assert [entry[0] for entry in entries] == batches
    bad = delivery.bad_rows
    for batch, status, reason, seen, loaded, rejected in entries:
        stored = connection.execute(
            """
            select _row, event_id, page, note, _extra
            from raw.web__events where _file = ? and _batch_id = ? order by _row
            """,
            [file, batch],
        ).fetchall()
        errors = connection.execute(
            'select "row" from raw.load_errors where file = ? and batch_id = ? order by 1', [file, batch]
        ).fetchall()
        if status == "rejected":
            assert reason == "empty_file"
            assert not delivery.rows
            assert not stored
            continue
        assert seen == loaded + rejected == len(delivery.rows) + len(bad)
        assert [row for (row,) in errors] == bad
        good = [number for number in range(1, seen + 1) if number not in bad]
        assert stored == [(number, *row, None) for number, row in zip(good, delivery.rows, strict=True)]

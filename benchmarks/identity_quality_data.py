"""Read labelled records of people: tables whose columns have the names that the rules know.

Each table has `record`, a text that is unique in it, `person`, the label, and the columns the rules ask for,
in lower case and without blanks around them, null where there is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from identity_quality_rules import RULES, known_as

FOLDERS = ("febrl", "splink_datasets")
ASKED = {column for rule in RULES for column in rule.columns}
# Column with the record's id -> SQL for the label, by the columns that data sets of people label with.
LABELS = {
    ("unique_id", "cluster"): "cast(cluster as varchar)",
    ("rec_id",): "regexp_extract(rec_id, '^rec-[0-9]+')",
}


@dataclass(frozen=True)
class Labelled:
    """A table of labelled records: its name, the file's name, and which of the rules' columns it has."""

    table: str
    name: str
    records: int
    columns: tuple[str, ...]


def read_folder(connection: duckdb.DuckDBPyConnection, data: Path) -> list[Labelled]:
    """Make a table of every file under FOLDERS that has labels and columns that a rule asks for."""
    files = [file for folder in FOLDERS for file in sorted((data / folder).glob("*.*"))]
    found = [labelled for file in files if (labelled := _read(connection, file)) is not None]
    if not found:
        raise SystemExit(f"no labelled records in {', '.join(FOLDERS)} under {data}")
    return found


def _read(connection: duckdb.DuckDBPyConnection, file: Path) -> Labelled | None:
    source = f"read_csv('{file}', all_varchar = true)" if file.suffix == ".csv" else f"'{file}'"
    given = connection.sql(f"from {source}").columns
    # a header may have blanks after its commas
    plain = [column.strip() for column in given]
    renamed = ", ".join(f'"{column}" as "{name}"' for column, name in zip(given, plain, strict=True))
    label = next((key for key in LABELS if set(key) <= set(plain)), None)
    columns = {known_as(column): column for column in plain if known_as(column) in ASKED}
    if label is None or not columns:
        print(f"{file.name}: no labels of people, left out")
        return None
    table = f"records_{file.stem}"
    cleaned = [
        f"nullif(lower(trim(cast(\"{column}\" as varchar))), '') as {name}"
        for name, column in columns.items()
    ]
    connection.execute(
        f"""
        create table {table} as
        select cast({label[0]} as varchar) as record, {LABELS[label]} as person, {", ".join(cleaned)}
        from (select {renamed} from {source})
        """
    )
    count, distinct = connection.sql(f"select count(*), count(distinct record) from {table}").fetchall()[0]
    if count != distinct:
        raise SystemExit(f"{file.name}: {count - distinct} records share an id with another")
    return Labelled(table, f"{file.parent.name}/{file.stem}", count, tuple(columns))

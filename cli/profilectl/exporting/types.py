"""How a column is written, so that each type arrives in every tool as something it can read.

BI tools read fewer types than DuckDB has: no lists, no unsigned or 128-bit whole numbers, no 32-bit floats.
The mapping depends on the type alone, never on the values, so a column keeps its type from one export to
the next.
"""

from __future__ import annotations

from profilectl.exporting.tables import Table
from profilectl_ml.sql import quote_identifier, quote_relation

# What spreadsheets may take for a formula: these characters at the start, after blanks or apostrophes.
FORMULA = "^['\\s]*[=+\\-@＝＋－＠]|^'*[\\t\\r\\n]"
# A sign and digits alone: a telephone or a number, which can call nothing, and has to come back as it was.
SIGNED_DIGITS = "[+-][0-9]+"

_WIDER = {
    "TINYINT": "smallint",
    "UTINYINT": "integer",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "FLOAT": "double",
    # Sums of whole numbers are 128 bits wide: as measures, not as text. Exact up to 2^53.
    "HUGEINT": "double",
    "UHUGEINT": "double",
    # 64 bits without a sign are hashes, hence keys: exact, as text.
    "UBIGINT": "varchar",
    "UUID": "varchar",
    "BIT": "varchar",
    "INTERVAL": "varchar",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
}
_NESTED = ("STRUCT(", "MAP(", "UNION(", "JSON")


def written_type(kind: str, *, decimals: bool = True) -> str:
    """Return the DuckDB type in which a column of type ``kind`` is written.

    Parameters
    ----------
    kind
        The type as ``information_schema`` spells it.
    decimals
        Whether the format takes decimals; else they become doubles.

    Examples
    --------
    >>> written_type("BIGINT"), written_type("VARCHAR[]"), written_type("DECIMAL(18,2)", decimals=False)
    ('BIGINT', 'varchar', 'double')
    """
    if is_nested(kind) or kind.startswith("ENUM("):
        return "varchar"
    if kind.startswith("DECIMAL(") and not decimals:
        return "double"
    return _WIDER.get(kind, kind)


def is_nested(kind: str) -> bool:
    """Return whether a type holds several values: a list, an array, a struct, a map."""
    return kind.endswith("]") or kind.startswith(_NESTED)


def query(table: Table, *, decimals: bool = True, escape: bool = False) -> str:
    """Return the statement that reads ``table`` in the types it is written in.

    Lists and structs become JSON text. With ``escape``, text that a spreadsheet could run as a formula
    gets an apostrophe in front of it.
    """
    expressions = ", ".join(
        f"{_expression(name, kind, decimals, escape)} as {quote_identifier(name)}"
        for name, kind in table.columns.items()
    )
    return f"select {expressions} from {quote_relation(table.schema, table.name)}"


def _expression(name: str, kind: str, decimals: bool, escape: bool) -> str:
    column, wanted = quote_identifier(name), written_type(kind, decimals=decimals)
    if is_nested(kind):
        column = f"to_json({column})::varchar"
    elif wanted != kind:
        column = f"{column}::{wanted}"
    if not escape or wanted.lower() != "varchar":
        return column
    return (
        f"case when regexp_matches({column}, '{FORMULA.replace(chr(39), chr(39) * 2)}') "
        f"and not regexp_full_match({column}, '{SIGNED_DIGITS}') then '''' || {column} else {column} end"
    )

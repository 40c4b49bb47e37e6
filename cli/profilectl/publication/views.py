"""The marts' views as the published file has them: the same text, without the warehouse's name in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from profilectl_ml.sql import quote_identifier

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'


@dataclass(frozen=True)
class View:
    """A view to make in the published file.

    Attributes
    ----------
    sql
        The statement that makes it.
    reads
        Tables and views of the warehouse that it reads, as ``(schema, name)``.
    """

    schema: str
    name: str
    sql: str
    reads: frozenset[tuple[str, str]]


def refers_to(sql: str, source: str) -> frozenset[tuple[str, str]]:
    """Return what a view reads, as ``(schema, name)``.

    Examples
    --------
    >>> sorted(refers_to("CREATE VIEW marts.v AS SELECT 'w.a.b' FROM w.marts.a, w.intermediate.b;", "w"))
    [('intermediate', 'b'), ('marts', 'a')]
    """
    return frozenset(
        (_plain(found["schema"]), _plain(found["name"]))
        for found in _references(source).finditer(sql)
        if found["schema"]
    )


def rewritten(sql: str, source: str, parts: str) -> str:
    """Return a view's statement without the warehouse's name; unpublished schemas become ``parts``.

    Which models serve is read from ``meta.models``, because the registry itself is not published.

    Examples
    --------
    >>> rewritten("CREATE VIEW marts.v AS SELECT 'w.a.b' FROM w.marts.a, w.intermediate.b;", "w", "parts")
    "CREATE VIEW marts.v AS SELECT 'w.a.b' FROM marts.a, parts.b;"
    """

    def replaced(found: re.Match[str]) -> str:
        if not found["schema"]:
            return found[0]
        schema, name = _plain(found["schema"]), found["name"]
        if (schema, _plain(name)) == ("ml", "models"):
            return "meta.models"
        return f"{found['schema'] if schema in ('marts', 'ml') else parts}.{name}"

    return _references(source).sub(replaced, sql)


def _references(source: str) -> re.Pattern[str]:
    """Match texts, to pass over them, and references to tables of the catalogue ``source``."""
    catalogue = f"(?:{re.escape(source)}|{re.escape(quote_identifier(source))})"
    return re.compile(rf"'(?:[^']|'')*'|(?<![\w.\"]){catalogue}\.(?P<schema>{_NAME})\.(?P<name>{_NAME})")


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name

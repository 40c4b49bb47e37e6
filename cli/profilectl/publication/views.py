"""The marts' views as the published file has them: the same text, without the warehouse's name in it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from profilectl_ml.sql import quote_identifier

#: ``(schema, name)`` of a table or view.
Name = tuple[str, str]
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
    reads: frozenset[Name]


def refers_to(sql: str, source: str, known: Collection[Name]) -> frozenset[Name]:
    """Return which of the ``known`` tables and views a view reads, with or without the warehouse's name.

    Examples
    --------
    >>> known = [("marts", "a"), ("history", "b")]
    >>> sorted(refers_to("SELECT 'w.marts.c', a.b FROM w.marts.a, history.b", "w", known))
    [('history', 'b'), ('marts', 'a')]
    """
    found = (_name(match) for match in _references(source).finditer(sql))
    return frozenset(name for name in found if name in known)


def rewritten(sql: str, source: str, parts: str, known: Collection[Name]) -> str:
    """Return a view's statement without the warehouse's name; unpublished schemas become ``parts``.

    Which models serve is read from ``meta.models``, because the registry itself is not published.

    Examples
    --------
    >>> known = [("marts", "a"), ("history", "b")]
    >>> rewritten("SELECT 'w.marts.c', a.b FROM w.marts.a, history.b", "w", "parts", known)
    "SELECT 'w.marts.c', a.b FROM marts.a, parts.b"
    """

    def replaced(found: re.Match[str]) -> str:
        name = _name(found)
        if name not in known:
            return found[0]
        if name == ("ml", "models"):
            return "meta.models"
        return f"{found['schema'] if name[0] in ('marts', 'ml') else parts}.{found['name']}"

    return _references(source).sub(replaced, sql)


def _references(source: str) -> re.Pattern[str]:
    """Match texts, to pass over them, and names of tables, with or without the catalogue ``source``."""
    catalogue = f"(?:{re.escape(source)}|{re.escape(quote_identifier(source))})"
    table = rf"(?:{catalogue}\.)?(?P<schema>{_NAME})\.(?P<name>{_NAME})"
    return re.compile(rf"'(?:[^']|'')*'|(?<![\w.\"]){table}")


def _name(found: re.Match[str]) -> Name:
    return (_plain(found["schema"]), _plain(found["name"])) if found["schema"] else ("", "")


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name

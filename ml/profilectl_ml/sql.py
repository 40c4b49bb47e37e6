"""Quoting of names and of the few values that DuckDB cannot bind; everything else is bound."""

from __future__ import annotations

from profilectl_ml.errors import ProfilectlError


def quote_identifier(name: str) -> str:
    """Return ``name`` as one quoted SQL identifier.

    Parameters
    ----------
    name
        Any non-empty text without a NUL character.

    Returns
    -------
    str
        The name in double quotes, with inner double quotes doubled.

    Raises
    ------
    ProfilectlError
        If the name is empty or contains a NUL character.

    Examples
    --------
    >>> quote_identifier('a "b"')
    '"a ""b\"""'
    """
    if not name:
        raise ProfilectlError("an SQL identifier cannot be empty")
    if "\0" in name:
        raise ProfilectlError(f"an SQL identifier cannot contain a NUL character: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def quote_relation(*parts: str) -> str:
    """Return ``parts`` (catalogue, schema, name: as many as needed) as one dotted, quoted name.

    Raises
    ------
    ProfilectlError
        If there is no part, or a part cannot be an identifier.

    Examples
    --------
    >>> quote_relation("raw", "load_ledger")
    '"raw"."load_ledger"'
    """
    if not parts:
        raise ProfilectlError("a relation needs at least one name")
    return ".".join(quote_identifier(part) for part in parts)


def quote_literal(value: str) -> str:
    """Return ``value`` as an SQL string literal, for statements where DuckDB cannot bind.

    ``attach``, ``copy … to`` and the options of some table functions take only literals;
    everywhere else bind the value instead.

    Raises
    ------
    ProfilectlError
        If the value contains a NUL character.

    Examples
    --------
    >>> quote_literal("it's")
    "'it''s'"
    """
    if "\0" in value:
        raise ProfilectlError(f"an SQL literal cannot contain a NUL character: {value!r}")
    return "'" + value.replace("'", "''") + "'"

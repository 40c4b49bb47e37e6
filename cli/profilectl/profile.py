"""`profilectl show`: find one user and gather the profile."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from profilectl import facts
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_relation

SHOWN_EVENTS = 5
ORIGIN = ("source", "updated_at")


def find_user(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return the user id that ``text`` names: a user id, or an identifier, with or without its type.

    Raises
    ------
    ProfilectlError
        If nothing matches, if the user was merged away, if the identifier is blocked, or if it belongs to
        several users.
    """
    if not facts.has_table(connection, "marts", "dim_users"):
        raise ProfilectlError("the warehouse has no users yet", hint="run: profilectl build")
    if facts.rows(connection, "select 1 from marts.dim_users where user_id = ?", [text]):
        return text
    found = _owners(connection, text)
    users = sorted({str(row["user_id"]) for row in found if row["user_id"] and not row["is_blocked"]})
    if len(users) == 1:
        return users[0]
    if users:
        raise ProfilectlError(
            f"{text!r} is an identifier of {len(users)} users", hint=f"choose one: {' '.join(users[:5])}"
        )
    if found:
        raise ProfilectlError(
            f"{text!r} is blocked ({found[0]['block_reason'] or 'shared'}): it belongs to no user",
            hint="use another identifier, or a user id",
        )
    raise _gone(connection, text) or nobody(text)


def _gone(connection: duckdb.DuckDBPyConnection, text: str) -> ProfilectlError | None:
    """Return what became of the user ``text``, if there was one: reports and links outlive ids."""
    found = _all(
        connection,
        "identity_changes",
        "select event, other_user_id, changed_at from marts.identity_changes where user_id = ? "
        "and event in ('merged_into', 'dissolved') order by changed_at desc, change_id limit 1",
        text,
    )
    if not found:
        return None
    other, when = found[0]["other_user_id"], f"{found[0]['changed_at']:%Y-%m-%d}"
    if found[0]["event"] == "dissolved":
        return ProfilectlError(
            f"the user {text} was dissolved on {when}", hint="none of its identifiers is anybody's now"
        )
    return ProfilectlError(f"the user {text} was merged into {other} on {when}", hint=f"ask for {other}")


def _owners(connection: duckdb.DuckDBPyConnection, text: str) -> list[facts.Row]:
    """Return whose ``text`` is by the surest of its readings that names an identifier."""
    for kind, values in readings(text):
        found = facts.rows(
            connection,
            "select distinct user_id, is_blocked, block_reason from marts.identity_map where known_to is null"
            " and coalesce(identifier_type = $kind, true) and identifier_value in (select unnest($values))",
            {"kind": kind, "values": values},
        )
        if found:
            return found
    return []


def nobody(text: str) -> ProfilectlError:
    """Return the error that ``text`` names nobody."""
    return ProfilectlError(
        f"no user or identifier {text!r}",
        hint="give a user id (u + 16 hex digits) or a whole identifier, such as an e-mail address",
    )


def is_text(argument: str) -> bool:
    """Return whether an argument is text; of bytes that are no UTF-8 no value is, nor can DuckDB be asked."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


#: What is no part of a telephone number, as the macro clean_phone has it.
_NOT_OF_A_NUMBER = re.compile(r"\(0\)|[\s,;]*(?:x|ext|extension)[\s.:]*\d+\s*$", re.IGNORECASE | re.ASCII)


#: Types whose case staging takes away, as the macro clean_identifier has it.
_OF_NO_CASE = ("email", "handle")


def spellings(text: str, kind: str | None = None) -> list[str]:
    """Return the canonical spellings that ``text`` may stand for: as is, lower case, a bare phone number.

    Of an identifier of the type ``kind``, only what staging makes of such a one: two cookies may differ in
    case alone.
    """
    plain = text.strip()
    found = [text, plain]
    if kind is None or kind in _OF_NO_CASE:
        found.append(plain.lower())
    if kind is None or kind == "phone":
        found += _phones(plain)
    return [*dict.fromkeys(found)]


def readings(text: str) -> list[tuple[str | None, list[str]]]:
    """Return what identifier ``text`` may name: types (None: any) with values, the surest first.

    A spelling counts where nothing is named exactly: of two that differ in case alone, neither could be
    named otherwise. A type and a value come before a value that looks so, which its own type can name.
    """
    if not is_text(text):
        return []
    before, _, after = text.partition("=")
    kind = before.strip().lower()
    typed: list[tuple[str | None, list[str]]] = [(kind, [after]), (kind, spellings(after, kind))]
    return [*(typed if after else []), (None, [text]), (None, spellings(text))]


def _phones(plain: str) -> list[str]:
    number = _NOT_OF_A_NUMBER.sub("", plain)
    digits = re.sub(r"[^0-9]", "", number)
    if len(digits) < 7 or any(character.isalpha() for character in number):
        return []
    phones = [digits, f"+{digits}", f"+{digits.removeprefix('00')}"]
    national = digits.removeprefix("0") if len(digits) == 11 else digits
    if len(national) == 10:
        # Staging put the project's country code before it, which the warehouse does not say.
        phones += [f"+{country}{national}" for country in range(1, 1000)]
    return phones


def load_profile(
    connection: duckdb.DuckDBPyConnection, user_id: str, events: int = SHOWN_EVENTS
) -> dict[str, Any]:
    """Return attributes and their origins, identifiers, features, scores, latest events, identity changes.

    ``events`` is how many of the latest; with 0 they are not looked for, which is a pass over all events.
    """
    attributes, origins = split_origins(_first(connection, "marts", "dim_users", user_id))
    return {
        "user_id": user_id,
        "attributes": attributes,
        "origins": origins,
        "identifiers": _all(
            connection,
            "identity_map",
            "select identifier_type, identifier_value, first_known_at from marts.identity_map "
            "where user_id = ? and known_to is null order by first_known_at, 1, 2",
            user_id,
        ),
        "features": _first(connection, "marts", "user_features", user_id),
        "scores": facts.rows(
            connection,
            "select task, score, percentile, as_of, model_id from ml.scores where user_id = ? order by task",
            [user_id],
        )
        if facts.has_table(connection, "ml", "scores")
        else [],
        "latest_events": _all(
            connection,
            "fct_events",
            "select occurred_at, source, event_type, item_id, amount from marts.fct_events "
            f"where user_id = ? order by occurred_at desc, event_id limit {int(events)}",
            user_id,
        )
        if events
        else [],
        "changes": _all(
            connection,
            "identity_changes",
            "select event, other_user_id, changed_at from marts.identity_changes where user_id = ? "
            "order by changed_at, change_id",
            user_id,
        ),
    }


def split_origins(golden: facts.Row) -> tuple[facts.Row, dict[str, facts.Row]]:
    """Part a golden record into its values and, for each value that is known, the source and time it is from.

    Examples
    --------
    >>> split_origins({"first_name": "Ann", "first_name_source": "crm", "first_name_updated_at": None})
    ({'first_name': 'Ann'}, {'first_name': {'source': 'crm', 'updated_at': None}})
    """
    told = {
        name: {part: golden[f"{name}_{part}"] for part in ORIGIN}
        for name in golden
        if all(f"{name}_{part}" in golden for part in ORIGIN)
    }
    columns = {f"{name}_{part}" for name in told for part in ORIGIN}
    values = {name: value for name, value in golden.items() if name not in columns}
    return values, {name: origin for name, origin in told.items() if golden[name] is not None}


def _first(connection: duckdb.DuckDBPyConnection, schema: str, name: str, user_id: str) -> facts.Row:
    if not facts.has_table(connection, schema, name):
        return {}
    found = facts.rows(
        connection, f"select * from {quote_relation(schema, name)} where user_id = ?", [user_id]
    )
    return {key: value for key, value in found[0].items() if key != "user_id"} if found else {}


def _all(connection: duckdb.DuckDBPyConnection, mart: str, sql: str, user_id: str) -> list[facts.Row]:
    return facts.rows(connection, sql, [user_id]) if facts.has_table(connection, "marts", mart) else []

"""`profilectl show --on`: one user's profile as it stood after the last build of a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from profilectl import facts
from profilectl.profile import spellings
from profilectl_ml.errors import ProfilectlError

#: Columns of user_profile_history that say when, not who.
WHEN = ("valid_from", "valid_to", "recorded_at")
_THEN = "valid_from <= $day and coalesce(valid_to > $day, true)"


def load_profile_on(connection: duckdb.DuckDBPyConnection, text: str, day: date) -> dict[str, Any]:
    """Return attributes, features and scores of the user that ``text`` named on ``day``.

    Parameters
    ----------
    connection
        The warehouse, or a published file that has the history.
    text
        A user id, or an identifier: it is the user's whom the build of that day took it for.
    day
        Any day: the last one with a build on or before it counts.

    Raises
    ------
    ProfilectlError
        If no build stands for the day or an earlier one, or if ``text`` was nobody then.
    """
    if not facts.has_table(connection, "marts", "user_profile_history"):
        raise ProfilectlError("the warehouse has no history yet", hint="run: profilectl build")
    user_id = _user_on(connection, text, day)
    profile = _row(connection, "user_profile_history", user_id, day)
    features = _row(connection, "user_features_history", user_id, day)
    # Golden attributes stand before the day, and some of them share their names with features.
    known = {name: profile[name] for name in list(profile)[: list(profile).index("as_of")]}
    when = {name: known.pop(name) for name in WHEN}
    for name in ("user_id", *WHEN):
        features.pop(name)
    return {
        "user_id": known.pop("user_id"),
        **when,
        "attributes": known,
        "features": features,
        "scores": facts.rows(
            connection,
            "select task, score, percentile, as_of, model_id from marts.user_scores_history"
            f" where user_id = $user and {_THEN} order by task",
            {"user": user_id, "day": day},
        ),
    }


def _user_on(connection: duckdb.DuckDBPyConnection, text: str, day: date) -> str:
    found = facts.rows(
        connection,
        f"select recorded_at from marts.user_profile_history where {_THEN} limit 1",
        {"day": day},
    )
    if not found:
        raise ProfilectlError(
            f"no build stands for {day} or a day before it", hint="the history begins with the first build"
        )
    if _row(connection, "user_profile_history", text, day):
        return text
    believed = facts.rows(
        connection,
        "select distinct user_id from marts.identity_map where identifier_value in (select unnest($values))"
        " and known_from <= $at and coalesce(known_to > $at, true)"
        f" and user_id in (select user_id from marts.user_profile_history where {_THEN}) order by 1",
        {"values": spellings(text), "at": found[0]["recorded_at"], "day": day},
    )
    users = [str(row["user_id"]) for row in believed]
    if len(users) > 1:
        raise ProfilectlError(
            f"{text!r} was an identifier of {len(users)} users on {day}",
            hint=f"choose one: {' '.join(users[:5])}",
        )
    if not users:
        raise ProfilectlError(
            f"{text!r} was no user and no identifier of one on {day}",
            hint="give a user id (u + 16 hex digits) or a whole identifier, or a later day",
        )
    return users[0]


def _row(connection: duckdb.DuckDBPyConnection, view: str, user_id: str, day: date) -> facts.Row:
    found = facts.rows(
        connection,
        f"select * from marts.{view} where user_id = $user and {_THEN}",
        {"user": user_id, "day": day},
    )
    return found[0] if found else {}

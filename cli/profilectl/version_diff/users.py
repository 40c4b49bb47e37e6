"""Who came, who went, whose id changed, and which attributes changed."""

from __future__ import annotations

from typing import Any

from profilectl.facts import Row
from profilectl.version_diff.sides import Sides
from profilectl_ml.sql import quote_identifier

# Says where a value is from or when it was last told: follows the attribute itself.
_ORIGINS = ("_source", "_updated_at")


def users(sides: Sides, limit: int) -> dict[str, Any] | None:
    """Return users before and after, added and removed, with what ``identity_changes`` says happened to them.

    Removed users whose identifiers belong to another user now were re-identified; the ``limit`` largest of
    them are listed with the user they are now.
    """
    if not sides.have("marts", "dim_users", "user_id"):
        return None
    [counted] = sides.rows(
        "select count(b.user_id) as before, count(a.user_id) as after, "
        "count(*) filter (where b.user_id is null) as added, "
        "count(*) filter (where a.user_id is null) as removed "
        "from before.marts.dim_users b full join after.marts.dim_users a on a.user_id = b.user_id"
    )
    return {**counted, "changes": _changes(sides), **_identifiers(sides, limit)}


def _changes(sides: Sides) -> list[Row]:
    """Return the changes of users that only the newer version knows, counted by event and cause."""
    if not sides.have("marts", "identity_changes", "change_id", "event", "cause"):
        return []
    return sides.rows(
        "select event, cause, count(*) as changes, count(distinct user_id) as users "
        "from after.marts.identity_changes a anti join before.marts.identity_changes b "
        "on a.change_id = b.change_id group by event, cause order by changes desc, event, cause"
    )


def _identifiers(sides: Sides, limit: int) -> dict[str, Any]:
    """Return how identifiers moved, and the users who have another id now because all of theirs did."""
    if not sides.have("marts", "identity_map", "identifier_type", "identifier_value", "user_id", "known_to"):
        return {"identifiers": None, "reidentified": None}
    # Compared once; from here on a row is a pair of users, not an identifier.
    sides.connection.execute(
        "create or replace temp table identities as "
        "with b as (from before.marts.identity_map where known_to is null), "
        "a as (from after.marts.identity_map where known_to is null) "
        "select b.user_id as was, a.user_id as became, b.identifier_value is not null as known_before, "
        "a.identifier_value is not null as known_after, count(*) as n from b full join a "
        "on a.identifier_type = b.identifier_type and a.identifier_value = b.identifier_value group by all"
    )
    counts = {
        "before": "known_before",
        "after": "known_after",
        "new": "not known_before",
        "gone": "not known_after",
        "moved": "was <> became",
        "blocked": "known_before and known_after and was is not null and became is null",
        "unblocked": "known_before and known_after and was is null and became is not null",
    }
    summed = ", ".join(
        f"coalesce(sum(n) filter ({where}), 0)::bigint as {name}" for name, where in counts.items()
    )
    [identifiers] = sides.rows(f"select {summed} from identities")
    moved = (
        "from identities where was <> became "
        "and was not in (select user_id from after.marts.dim_users where user_id is not null)"
    )
    [reidentified] = sides.rows(f"select count(distinct was) as users {moved}")
    reidentified["largest"] = sides.rows(
        f"select was, became, n as identifiers {moved} order by n desc, was, became limit ?", [limit]
    )
    sides.connection.execute("drop table identities")
    return {"identifiers": identifiers, "reidentified": reidentified}


def attributes(sides: Sides) -> dict[str, Any] | None:
    """Return for users in both versions how many have another value, by column of ``dim_users``.

    ``filled`` had no value before, ``emptied`` has none now. Where a value is from does not count.
    """
    compared = {
        name: kind
        for name, kind in sides.columns("marts", "dim_users").items()
        if name != "user_id" and not name.endswith(_ORIGINS)
    }
    if not compared or not sides.have("marts", "dim_users", "user_id"):
        return None
    counts, different = [], []
    for number, (name, kind) in enumerate(compared.items()):
        column = quote_identifier(name)
        text = "::varchar" if kind == "VARCHAR" else ""  # it may have been a number before
        differs = f"b.{column}{text} is distinct from a.{column}{text}"
        different.append(differs)
        counts += [
            f"count(*) filter ({differs}) as changed_{number}",
            f"count(*) filter (b.{column} is null and a.{column} is not null) as filled_{number}",
            f"count(*) filter (b.{column} is not null and a.{column} is null) as emptied_{number}",
        ]
    [counted] = sides.rows(
        f"select count(*) as users, count(*) filter ({' or '.join(different)}) as changed, "
        f"{', '.join(counts)} "
        "from before.marts.dim_users b join after.marts.dim_users a on a.user_id = b.user_id"
    )
    columns = [
        {"column": name, **{what: counted[f"{what}_{number}"] for what in ("changed", "filled", "emptied")}}
        for number, name in enumerate(compared)
    ]
    changed = sorted((row for row in columns if row["changed"]), key=lambda row: -row["changed"])
    return {"users": counted["users"], "users_changed": counted["changed"], "columns": changed}

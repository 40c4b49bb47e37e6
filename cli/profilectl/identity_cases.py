"""What a run of the identity models changed, as cases: which users became which, and why."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from profilectl import facts
from profilectl.facts import Row

KINDS = ("split", "merged", "renamed", "dissolved", "created")
#: Users of a case, and identifiers of a user, that an example names.
NAMED = 5


@dataclass(frozen=True)
class Preview:
    """What the rules would change.

    Attributes
    ----------
    users_before, users_after
        Users in all [count].
    users_touched
        Users, of before or after, that win or lose an identifier [count].
    blocked, unblocked
        Identifiers that would be blocked, or no longer be, by type and rule.
    cases
        Number of each kind: users ``split``, users that others ``merged`` into, users ``renamed`` because
        what named them comes or goes, users ``dissolved`` and ``created``.
    examples
        Of each kind those in which most identifiers change their user.
    waiting
        Rows of the overrides that name an identifier nobody has seen.
    """

    users_before: int
    users_after: int
    users_touched: int
    blocked: list[Row]
    unblocked: list[Row]
    cases: dict[str, int]
    examples: list[Row]
    waiting: list[Row]


def compare(connection: duckdb.DuckDBPyConnection, examples: int) -> Preview:
    """Describe the last run, given that ``identity_changes`` and ``identity_map`` hold its news only."""
    _make_members(connection)
    _make_cases(connection)
    [users] = facts.rows(
        connection,
        "select count(distinct user_key) filter (where was) as before, "
        "count(distinct user_key) filter (where is_now) as after from beliefs",
    )
    [touched] = facts.rows(connection, "select count(distinct user_id) as n from members where moved")
    counted = {
        row["kind"]: row["n"]
        for row in facts.rows(connection, "select kind, count(*) as n from cases group by kind")
    }
    return Preview(
        users["before"],
        users["after"],
        touched["n"],
        _blocked(connection, "intermediate.int_blocked_identifiers", "before.blocked"),
        _blocked(connection, "before.blocked", "intermediate.int_blocked_identifiers"),
        {kind: counted.get(kind, 0) for kind in KINDS},
        _examples(connection, examples),
        _waiting(connection),
    )


def _make_members(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``members``: the identifiers, before and now, of every user that won or lost one."""
    connection.execute(
        """
        create temp view beliefs as
        select
            *,
            opened_in < build and coalesce(closed_in, build) = build as was,
            known_to is null as is_now,
            opened_in = build or closed_in is not distinct from build as moved
        from intermediate.int_identity_versions
        cross join (select max(build_id) as build from ops.builds)
        """
    )
    connection.execute(
        """
        create temp table members as
        with names as (
            select distinct beliefs.user_key, map.user_id
            from marts.identity_map as map
            inner join beliefs using (identifier_id, known_from)
            where beliefs.user_key is not null
        )
        select names.user_id, beliefs.identifier_id, beliefs.was, beliefs.is_now, beliefs.moved
        from beliefs inner join names using (user_key)
        where beliefs.was or beliefs.is_now
        """
    )


def _make_cases(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``cases`` (kind, user it is about, cause, identifiers that move) and ``sides`` (users of each)."""
    connection.execute(
        """
        create temp table sizes as
        select user_id, count(*) filter (where was) as before, count(*) filter (where is_now) as after
        from members group by user_id
        """
    )
    connection.execute(
        """
        create temp table told as
        with origins as (
            select user_id, other_user_id as origin from marts.identity_changes where event = 'split_from'
            union
            select other_user_id, user_id from marts.identity_changes where event = 'merged_into'
        ),
        heirs as (select user_id, count(*) as origins from origins group by user_id)
        select
            case
                when event = 'split_from' then 'split'
                when event <> 'merged_into' then event
                when sizes.before = 0 and heirs.origins = 1 then 'renamed'
                else 'merged'
            end as kind,
            coalesce(other_user_id, changes.user_id) as about,
            changes.user_id,
            cause,
            cause_detail
        from marts.identity_changes as changes
        left join sizes on changes.other_user_id = sizes.user_id
        left join heirs on changes.other_user_id = heirs.user_id
        """
    )
    connection.execute(
        """
        create temp table sides as
        with taking_part as (
            select kind, about, about as user_id from told union select kind, about, user_id from told
        )
        select kind, about, user_id, side, case side when 'before' then before else after end as identifiers
        from taking_part
        inner join sizes using (user_id)
        cross join (values ('before'), ('after')) as both_sides(side)
        where
            case side when 'before' then before else after end > 0
            -- an heir that was there before lost nothing, and one that was merged from lives on elsewhere
            and not (kind = 'split' and side = 'before' and user_id <> about)
            and not (kind = 'merged' and side = 'after' and user_id <> about)
        """
    )
    connection.execute(
        """
        create temp table cases as
        with causes as (
            select kind, about, min((cause, coalesce(cause_detail, ''))) as told
            from told group by kind, about
        ),
        moving as (
            select sides.kind, sides.about, count(distinct members.identifier_id) as identifiers
            from sides inner join members using (user_id)
            where members.moved
            group by sides.kind, sides.about
        )
        select
            causes.kind, causes.about, causes.told[1] as cause, causes.told[2] as cause_detail,
            coalesce(moving.identifiers, 0) as identifiers
        from causes left join moving using (kind, about)
        """
    )


def _examples(connection: duckdb.DuckDBPyConnection, examples: int) -> list[Row]:
    cases = facts.rows(
        connection,
        "select kind, about, cause, cause_detail, identifiers as moving from cases "
        "qualify row_number() over (partition by kind order by identifiers desc, about) <= ? "
        "order by list_position(?, kind), moving desc, about",
        [examples, list(KINDS)],
    )
    for case in cases:
        for side, present in (("before", "was"), ("after", "is_now")):
            users = facts.rows(
                connection,
                "select user_id, identifiers from sides where kind = ? and about = ? and side = ? "
                "order by identifiers desc, user_id",
                [case["kind"], case["about"], side],
            )
            case[f"users_{side}"] = len(users)
            case[side] = [
                user | {"some": _names(connection, user["user_id"], present)} for user in users[:NAMED]
            ]
        del case["about"]
    return cases


def _names(connection: duckdb.DuckDBPyConnection, user_id: str, present: str) -> list[str]:
    """Return some identifiers of a user, those first that change their user."""
    found = facts.rows(
        connection,
        "select identifier_type || '=' || identifier_value as name "
        "from members inner join intermediate.int_identifiers using (identifier_id) "
        f"where user_id = ? and {present} order by moved desc, identifier_id limit {NAMED}",
        [user_id],
    )
    return [row["name"] for row in found]


def _blocked(connection: duckdb.DuckDBPyConnection, these: str, but_not: str) -> list[Row]:
    return facts.rows(
        connection,
        "select identifier_type as type, split_part(block_reason, ':', 1) as rule, count(*) as identifiers, "
        f"(list(identifier_value order by identifier_id))[:{NAMED}] as some "
        f"from {these} inner join intermediate.int_identifiers using (identifier_id) "
        f"where identifier_id not in (select identifier_id from {but_not}) "
        "group by all order by identifiers desc, type, rule",
    )


def _waiting(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    return facts.rows(
        connection,
        """
        with named as (
            select action, identifier_type as type, identifier_value as value, reason
            from seeds.identity_overrides
            union all
            select action, other_type, other_value, reason from seeds.identity_overrides
            where action in ('together', 'apart')
        )
        select named.* from named
        left join intermediate.int_identifiers as known
            on named.type = known.identifier_type and named.value = known.identifier_value
        where known.identifier_id is null
        order by all
        """,
    )

"""The comparison of two versions as text: what changed, and nothing that did not."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from profilectl.console import number, stdout, table

KINDS = ("landed", "shaped", "quarantined", "duplicates")


def render(found: dict[str, Any]) -> None:
    """Print each section that has something to say."""
    console = stdout()
    for side in ("before", "after"):
        one = found[side]
        published = number(one["published_at"])
        console.print(
            f"{side:<7} {one['version']}, published {published} UTC, as of {one['as_of']}", soft_wrap=True
        )
    if found["users"]:
        _users(console, found["users"])
    if found["attributes"]:
        _attributes(console, found["attributes"])
    for one in found["scores"]:
        _scores(console, one)
    for one in found["models"]:
        if one["changed"]:
            console.print(
                f"\nmodel {one['task']}: {_name(one, 'before')} -> {_name(one, 'after')}", soft_wrap=True
            )
    for one in found["segments"]:
        _segments(console, one)
    _rows(console, found)


def _users(console: Console, users: dict[str, Any]) -> None:
    line = ", ".join(f"{number(users[name])} {name}" for name in ("added", "removed"))
    console.print(f"\nusers {number(users['before'])} -> {number(users['after'])}: {line}")
    ids = users["identifiers"]
    if ids:
        line = ", ".join(
            f"{number(ids[name])} {said}"
            for name, said in (
                ("new", "new"), ("gone", "gone"), ("moved", "with another user"),
                ("blocked", "newly blocked"), ("unblocked", "no longer blocked"),
            )
            if ids[name]
        )  # fmt: skip
        console.print(
            f"identifiers {number(ids['before'])} -> {number(ids['after'])}: {line or 'as they were'}",
            soft_wrap=True,
        )
    if users["changes"]:
        shown = [[row["event"], row["cause"], row["users"]] for row in users["changes"]]
        console.print(table(("event", "cause", "users"), shown))
    moved = users["reidentified"]
    if moved and moved["users"]:
        shown = [list(row.values()) for row in moved["largest"]]
        console.print(
            table(("was", "is now", "identifiers"), shown, f"{number(moved['users'])} users have another id")
        )


def _attributes(console: Console, attributes: dict[str, Any]) -> None:
    title = (
        f"attributes: {number(attributes['users_changed'])} of {number(attributes['users'])} users changed"
    )
    console.print(f"\n{title}")
    if attributes["columns"]:
        shown = [list(row.values()) for row in attributes["columns"]]
        console.print(table(("column", "changed", "filled", "emptied"), shown))


def _scores(console: Console, one: dict[str, Any]) -> None:
    console.print(
        f"\nscores {one['task']}: {number(one['moved'])} of {number(one['both'])} users moved, "
        f"{number(one['crossed_tenths'])} to another tenth; {number(one['after'] - one['both'])} new, "
        f"{number(one['before'] - one['both'])} gone",
        soft_wrap=True,
    )
    if one["moved"]:
        figures = ", ".join(f"{name} {number(one[name])}" for name in ("mean", "median", "p95"))
        console.print(
            f"change, absolute: {figures}; with its sign: mean {number(one['mean_change'])}", soft_wrap=True
        )
        shown = [list(row.values()) for row in one["largest"]]
        console.print(table(("user", "before", "after", "change"), shown))


def _segments(console: Console, one: dict[str, Any]) -> None:
    console.print(f"\nsegments {one['task']}: {number(one['migrated'])} of {number(one['both'])} users moved")
    for name, said in (("only_before", "gone"), ("only_after", "new")):
        if one[name]:
            console.print(f"{said}: {', '.join(one[name])}", soft_wrap=True)
    if one["moves"]:
        console.print(table(("was", "is now", "users"), [list(row.values()) for row in one["moves"]]))


def _rows(console: Console, found: dict[str, Any]) -> None:
    changed = [
        [row["table"], row["before"], row["after"], (row["after"] or 0) - (row["before"] or 0)]
        for row in found["tables"]
        if row["before"] != row["after"]
    ]
    console.print(f"\ntables: {len(changed)} of {len(found['tables'])} have another number of rows")
    if changed:
        console.print(table(("table", "before", "after", "more"), changed))
    quality = [
        [
            f"{row['source']}.{row['entity']}",
            *((row[f"{kind}_after"] or 0) - (row[f"{kind}_before"] or 0) for kind in KINDS),
        ]
        for row in found["quality"]
    ]
    if any(any(row[1:]) for row in quality):
        console.print()
        console.print(table(("rows more of", *KINDS), [row for row in quality if any(row[1:])]))


def _name(model: dict[str, Any], side: str) -> str:
    return f"{model[side]}" if model[side] else "none"

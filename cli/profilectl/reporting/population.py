"""The sections on who the users are and what they do, week by week."""

from __future__ import annotations

from datetime import date

from profilectl.reporting import figures, trend_figures
from profilectl.reporting.data import ReportData
from profilectl.reporting.sections import Block, Section, percent
from profilectl.reporting.words import day, told


def population(facts: ReportData) -> Section:
    """How many users there are, when they came, how many are active, what is known of them."""
    lead = "A user is every identifier that evidence ties together, over all sources."
    blocks = [_months(facts), _active(facts), _coverage(facts)]
    return Section("population", "Population", lead, [one for one in blocks if one is not None])


def trends(facts: ReportData) -> Section:
    """What happened week by week, and which kinds of events there are."""
    lead = f"Whole weeks of the last year, counted back from {_until(facts)}."
    return Section("trends", "Trends", lead, [*_weeks(facts), _kinds(facts)])


def _months(facts: ReportData) -> Block:
    block = Block("new-users", "New users by month", empty="No users yet: run profilectl build.")
    if facts.new_users:
        pairs = [(row["month"], row["users"]) for row in facts.new_users]
        block.figure = figures.bars(
            [month for month, _ in pairs],
            [users for _, users in pairs],
            x_title="first seen",
            y_title="users",
            x_type="date",
        )
        block.columns, block.rows = ("month", "new users"), pairs
    return block


def _active(facts: ReportData) -> Block:
    block = Block("active-users", "Active users by window", empty="No events yet.")
    if facts.active:
        share = [[row["days"], row["users"], percent(row["users"], facts.users)] for row in facts.active]
        block.figure = figures.bars(
            [f"{days} days" for days, *_ in share],
            [users for _, users, _ in share],
            x_title="window",
            y_title="users",
        )
        block.note = f"At least one event in the days up to {_until(facts)}."
        block.columns, block.rows = ("days", "active users", "share of all"), share
    return block


def _coverage(facts: ReportData) -> Block | None:
    # Without users every share would be of nothing.
    if not facts.users or not facts.coverage:
        return None
    names = [row["attribute"].replace("_", " ") for row in facts.coverage]
    known = [row["users"] for row in facts.coverage]
    block = Block("coverage", "What is known of users", wide=True)
    block.figure = figures.stacked(
        names,
        [("known", [users / facts.users for users in known], figures.BLUE)],
        x_title="share of users",
        tickformat=".0%",
        # With room for the name of the last tick.
        range=[0, 1.03],
    )
    block.columns = ("attribute", "users", "share of all")
    block.rows = [
        (name, users, percent(users, facts.users)) for name, users in zip(names, known, strict=True)
    ]
    return block


def _weeks(facts: ReportData) -> list[Block]:
    if not facts.weeks:
        return [Block("weeks", "Week by week", empty="No whole week of events yet.")]
    days = [row["week"] for row in facts.weeks]
    asked = [
        ("users", "Active users per week", "users", figures.BLUE),
        ("events", "Events per week", "events", figures.GREEN),
        ("amount", "Amounts per week", "currency", figures.ORANGE),
    ]
    blocks = []
    for name, title, unit, colour in asked:
        values = [row[name] for row in facts.weeks]
        if any(values):
            block = Block(f"weeks-{name}", title)
            block.figure = trend_figures.over_time(
                days, [(unit, values, colour, "solid")], x_title="week ending", y_title=unit
            )
            block.columns, block.rows = ("week ending", unit), list(zip(days, values, strict=True))
            blocks.append(block)
    if any(row["amount"] for row in facts.weeks):
        blocks[-1].note = "Sum of the amounts of all events, in the currency of the source."
    return blocks


def _kinds(facts: ReportData) -> Block:
    block = Block("kinds", "What users do", empty="No events yet.", table_open=True)
    block.columns = ("event", "events", "latest", "source")
    block.rows = [
        (row["event_type"].replace("_", " "), row["events"], told(row["last_day"]), row["source"])
        for row in facts.kinds
    ]
    return block


def _until(facts: ReportData) -> str:
    return day(date.fromisoformat(facts.as_of)) if facts.as_of else "the last complete day"

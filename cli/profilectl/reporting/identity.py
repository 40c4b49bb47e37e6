"""The identity section: whether stitching looks healthy. It shows types, rules and counts, never a value."""

from __future__ import annotations

from profilectl.identity_facts import LARGEST_SIZE
from profilectl.reporting import figures
from profilectl.reporting.data import ReportData
from profilectl.reporting.sections import Block, Section


def identity_section(facts: ReportData) -> Section:
    """Sizes, types, what changed and why, largest users, blocked identifiers, the truth if it is known."""
    blocks = [sizes(facts), types(facts), churn(facts), causes(facts), largest(facts), blocked(facts)]
    if facts.stitching:
        known = Block("truth", "Stitching against the demo's truth", table_open=True)
        known.columns = ("measure", "value")
        known.rows = [
            (name, value) for name, value in facts.stitching.items() if isinstance(value, int | float)
        ]
        blocks.append(known)
    lead = "An identifier known to be bad, or shared by too many for its type, is blocked and ties nobody."
    return Section("identity", "Identity", lead, blocks)


def sizes(facts: ReportData) -> Block:
    """How many identifiers users have."""
    block = Block("sizes", "Identifiers per user", empty="No identifiers yet.")
    if facts.sizes:
        labels = [f"{row['identifiers']}{'+' * (row['identifiers'] == LARGEST_SIZE)}" for row in facts.sizes]
        users = [row["users"] for row in facts.sizes]
        block.figure = figures.bars(labels, users, x_title="identifiers", y_title="users")
        block.note = f"{facts.single_identifier_share or 0:.1%} of users have one identifier only."
        block.columns, block.rows = ("identifiers", "users"), list(zip(labels, users, strict=True))
    return block


def types(facts: ReportData) -> Block:
    """How many identifiers of each type link, and how many are blocked."""
    block = Block("types", "Identifiers by type", empty="No identifiers yet.")
    if facts.types:
        block.figure = figures.stacked(
            [row["identifier_type"] for row in facts.types],
            [
                ("linking", [row["linking"] for row in facts.types], figures.BLUE),
                ("blocked", [row["blocked"] for row in facts.types], figures.RED),
            ],
            x_title="identifiers",
            tickformat=",~s",
        )
        block.columns = ("type", "linking", "blocked")
        block.rows = [(row["identifier_type"], row["linking"], row["blocked"]) for row in facts.types]
    return block


def churn(facts: ReportData) -> Block:
    """Which loads, or changed rules, made, merged and split users."""
    block = Block("churn", "Users that changed, by load", empty="No user has changed yet.", table_open=True)
    if facts.churn:
        labels = [f"load {row['batch_id']}, {row['changed_at']:%Y-%m-%d %H:%M}" for row in facts.churn]
        kinds = (("merged", figures.BLUE), ("split", figures.ORANGE), ("dissolved", figures.RED))
        if any(row[kind] for row in facts.churn for kind, _ in kinds):
            series = [(kind, [row[kind] for row in facts.churn], colour) for kind, colour in kinds]
            block.figure = figures.stacked(labels, series, x_title="users", tickformat=",~s")
        block.note = (
            "The newest first. A rule changed between two loads counts with the earlier one's number."
        )
        block.columns = ("load", "created", "merged", "split", "dissolved")
        block.rows = [
            (label, row["created"], row["merged"], row["split"], row["dissolved"])
            for label, row in zip(labels, facts.churn, strict=True)
        ]
    return block


def causes(facts: ReportData) -> Block:
    """Why users merged and split: a record, a rule, an override."""
    block = Block("causes", "Why users merged, split, dissolved", empty="No user did.", table_open=True)
    block.columns = ("load", "when", "event", "cause", "changes")
    block.rows = [
        (row["batch_id"], row["changed_at"], row["event"].replace("_", " "), row["cause"], row["changes"])
        for row in facts.causes
    ]
    return block


def largest(facts: ReportData) -> Block:
    """The users with most identifiers: where a value that strangers share shows first."""
    block = Block("largest", "Largest users", empty="No users yet.", table_open=True, wrapped=True)
    block.columns = ("user", "identifiers", "of which")
    block.rows = [(row["user_id"], row["identifiers"], row["types"]) for row in facts.largest]
    return block


def blocked(facts: ReportData) -> Block:
    """Blocked identifiers by type and rule, and whom the worst of them would have made one."""
    block = Block("blocked", "Blocked identifiers", empty="No identifier is blocked.", table_open=True)
    block.columns = ("type", "rule", "identifiers")
    block.rows = [(row["identifier_type"], row["reason"], row["n"]) for row in facts.blocked]
    # a published file holds no evidence of whom
    if any(row["would_join"] is not None for row in facts.blocked):
        block.columns = (*block.columns, "most users one would join")
        joins = [row["would_join"] for row in facts.blocked]
        block.rows = [(*row, join) for row, join in zip(block.rows, joins, strict=True)]
    return block

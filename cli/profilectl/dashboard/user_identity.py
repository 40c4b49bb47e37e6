"""The section of a user's page on identity: identifiers, what ties them, what changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from profilectl.dashboard import user_figures
from profilectl.facts import Row
from profilectl.reporting.sections import Block, Section
from profilectl.reporting.words import spoken

#: More identifiers in one circle than so many could not be told apart.
NODES = 24
Found = dict[str, Any]


def identity_section(found: Found) -> Section:
    """Return the section for what ``user_facts.everything`` found."""
    lead = "Which identifiers are this user, and the records that tie them."
    return Section("identity", "Identity", lead, [_graph(found), _identifiers(found), _changes(found)])


def _graph(found: Found) -> Block:
    block = Block("identity-graph", "Identity graph", empty="No identifiers.", wide=True)
    if len(found["identifiers"]) > 1:
        shown = _most_tied(found["identifiers"], found["links"])
        block.figure = user_figures.identity_graph(shown, found["links"])
        block.note = (
            "A line: records carried both, the thicker the more; dashed: an override holds the two together."
            if found["links"]
            else "This version does not say which records tie them: profilectl build, then publish."
        )
        if len(shown) < len(found["identifiers"]):
            block.note += f" Of {len(found['identifiers'])} identifiers the {NODES} that meet most others."
        block.wrapped = True
        block.columns = ("identifier", "came with", "records", "last source", "from", "to", "override")
        block.rows = [
            [
                f"{row['identifier_type']} {row['identifier_value']}",
                f"{row['other_type']} {row['other_value']}",
                row["records"],
                row["last_source"],
                row["first_seen_at"],
                row["last_seen_at"],
                row["override_reason"],
            ]
            for row in found["links"]
        ]
    elif found["identifiers"]:
        block.empty = "One identifier only: there is nothing to tie."
    return block


def _most_tied(identifiers: list[Row], links: list[Row]) -> list[Row]:
    """Return the identifiers that came with most others, so many as a circle can hold."""
    met = Counter(
        (link[f"{side}_type"], link[f"{side}_value"]) for link in links for side in ("identifier", "other")
    )
    ranked = sorted(identifiers, key=lambda one: -met[one["identifier_type"], one["identifier_value"]])
    return ranked[:NODES]


def _identifiers(found: Found) -> Block:
    return Block(
        "identifiers",
        "Identifiers",
        columns=("type", "value", "first known"),
        rows=[
            [row["identifier_type"], row["identifier_value"], row["first_known_at"]]
            for row in found["identifiers"]
        ],
        empty="No identifiers.",
        table_open=True,
        wrapped=True,
    )


def _changes(found: Found) -> Block:
    return Block(
        "changes",
        "Changes of identity",
        columns=("when", "event", "other user"),
        rows=[[row["changed_at"], spoken(row["event"]), row["other_user_id"]] for row in found["changes"]],
        empty="None.",
        table_open=True,
    )

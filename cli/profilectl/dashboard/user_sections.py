"""The sections of one user's page."""

from __future__ import annotations

from typing import Any

from profilectl.console import number
from profilectl.dashboard import user_facts, user_figures
from profilectl.dashboard.user_identity import identity_section
from profilectl.facts import Row
from profilectl.reporting.sections import Block, Section
from profilectl.reporting.words import spoken, told

Found = dict[str, Any]


def build(found: Found) -> list[Section]:
    """Return the sections for what ``user_facts.everything`` found."""
    return [
        Section(
            "golden", "Golden record", "What is held to be true, and where it is from.", [_golden(found)]
        ),
        Section("happened", "What happened", "Times are UTC.", [_timeline(found), _events(found)]),
        Section("scores", "Scores and recommendations", "", [*_scores(found), *_recommendations(found)]),
        Section("features", "Features", "What models and segments read of the user.", [_features(found)]),
        identity_section(found),
    ]


def _golden(found: Found) -> Block:
    lost: dict[str, list[str]] = {}
    rules = {row["attribute"]: row["rule"] for row in found["evidence"]}
    won = {row["attribute"]: row["value"] for row in found["evidence"] if row["is_winner"]}
    for row in found["evidence"]:
        # A source that says the same was outranked, but its value did not lose.
        if not row["is_winner"] and row["value"] != won.get(row["attribute"]):
            why = f", {row['lost_because']}" if row["lost_because"] else ""
            lost.setdefault(row["attribute"], []).append(
                f"{row['value']} ({row['source']}, {told(row['last_updated_at'])}{why})"
            )
    # Of e-mails and phones the one seen last is golden; the others are in the identity only.
    for row in found["identifiers"]:
        name, value = row["identifier_type"], row["identifier_value"]
        if name in found["origins"] and value != found["attributes"][name]:
            lost.setdefault(name, []).append(f"{value} (not seen later)")
    rows = []
    for name, value in found["attributes"].items():
        origin = found["origins"].get(name)
        if value is not None and origin:
            rows.append(
                [
                    spoken(name),
                    value,
                    origin["source"],
                    origin["updated_at"],
                    spoken(rules.get(name, "seen last")),
                    "; ".join(lost.get(name, [])) or None,
                ]
            )
    return Block(
        "golden-record",
        "Attributes",
        columns=("attribute", "value", "source", "updated", "rule", "other values, and why they lost"),
        rows=rows,
        empty="No source has told anything about this person.",
        wide=True,
        table_open=True,
        wrapped=True,
    )


def _timeline(found: Found) -> Block:
    block = Block("timeline", "Timeline", empty="No events.", wide=True)
    if found["days"]:
        block.figure = user_figures.timeline(found["days"])
        block.note = "One dot per day and kind of event; a larger one for more events."
        if len(found["days"]) == user_facts.DAYS:
            block.note += f" These are the latest {user_facts.DAYS:,} dots."
    return block


def _events(found: Found) -> Block:
    return Block(
        "events",
        "Latest events",
        columns=("when", "event", "what", "amount", "source"),
        rows=[
            [row["occurred_at"], spoken(row["event_type"]), row["what"], row["amount"], row["source"]]
            for row in found["events"]
        ],
        empty="No events.",
        wide=True,
        table_open=True,
        wrapped=True,
    )


def _scores(found: Found) -> list[Block]:
    if not found["scores"]:
        return [Block("no-scores", "Scores", empty=_none(found, "scores", ("regression", "classification")))]
    return [_score(found, row) for row in found["scores"]]


def _score(found: Found, row: Row) -> Block:
    share = row["kind"] == "classification" and row["score"] is not None
    value = f"{row['score']:.1%}" if share else number(row["score"])
    block = Block(f"score-{row['task']}", f"{spoken(row['task'])}: {value}", points=())
    known = row["percentile"] is not None
    place = f"At least as high as for {row['percentile']:.0f}% of users. " if known else ""
    block.note = f"{place}Scored {told(row['scored_at'])}, from data up to {told(row['as_of'])}."
    # Reasons of a model that no longer serves would explain another score.
    reasons = [
        one for one in found["reasons"] if one["task"] == row["task"] and one["model_id"] == row["model_id"]
    ]
    if reasons:
        block.figure = user_figures.reasons(
            reasons, "effect in the model's unit" if share else "effect on the score"
        )
        block.columns = ("feature", "value", "moves the score by", "what it is")
        block.rows = [
            [
                one["feature"],
                one["value"] if one["value"] is not None else "unknown",
                one["contribution"],
                found["described"].get(one["feature"], ("", ""))[0] or None,
            ]
            for one in reasons
        ]
        block.note += " Reasons are those of the last training, the strongest first."
        if share:
            block.note += " Effects are in the model's own unit, mostly log odds: not percentage points."
    else:
        block.note += " No reasons were kept for this score."
    return block


def _recommendations(found: Found) -> list[Block]:
    rows = found["recommendations"]
    blocks = []
    for task in dict.fromkeys(row["task"] for row in rows):
        of_task = [row for row in rows if row["task"] == task]
        blocks.append(
            Block(
                f"recommended-{task}",
                spoken(task),
                columns=("what", "why", "brand", "item"),
                rows=[
                    [f"{row['rank']}. {_item(row)}", row["reason"], row["brand"], row["item"]]
                    for row in of_task
                ],
                wide=True,
                table_open=True,
                wrapped=True,
            )
        )
    empty = _none(found, "recommendations", ("recommendation",))
    return blocks or [Block("recommended", "Recommendations", empty=empty)]


def _none(found: Found, what: str, kinds: tuple[str, ...]) -> str:
    """Return why there are none: nothing was trained, not this, or not for this user."""
    if not found["serving"]:
        return f"No {what} yet: run profilectl train, then publish."
    if found["serving"].isdisjoint(kinds):
        return f"No model that gives {what} serves: profilectl train says what its task lacks."
    return f"No {what} for this user: run profilectl score, then publish."


def _item(row: Row) -> str:
    return str(row["subcategory"] or row["category"] or row["department"] or row["item"])


def _features(found: Found) -> Block:
    known = [(name, value) for name, value in found["features"].items() if value not in (None, 0, False)]
    described = found["described"]
    rows = [[name, value, *described.get(name, ("", ""))[::-1]] for name, value in known]
    # Where the file describes nothing, two empty columns would only puzzle.
    width = 4 if described else 2
    return Block(
        "all-features",
        f"{len(known)} features that are neither unknown nor nought",
        columns=("feature", "value", "unit", "what it is")[:width],
        rows=[row[:width] for row in rows],
        empty="No features yet: run profilectl build.",
        wide=True,
        table_open=True,
        wrapped=True,
    )

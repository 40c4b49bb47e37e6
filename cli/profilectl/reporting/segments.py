"""The section on audience segments: how large they are, what sets them apart, what models say of them."""

from __future__ import annotations

from profilectl.facts import Row
from profilectl.reporting import segment_figures
from profilectl.reporting.data import ReportData
from profilectl.reporting.sections import Block, Section


def segment_sections(facts: ReportData) -> list[Section]:
    """Return one section for each clustering task, or one that says how to get there."""
    tasks = list(dict.fromkeys(row["task"] for row in facts.segments))
    if not tasks:
        empty = Block(
            "no-segments", "No segments yet", empty="Run profilectl train, then profilectl publish."
        )
        return [Section("segments", "Segments", "Who behaves alike.", [empty])]
    return [_section(facts, task) for task in tasks]


def _section(facts: ReportData, task: str) -> Section:
    found = [row for row in facts.segments if row["task"] == task]
    traits = [row for row in facts.traits if row["task"] == task]
    scores = [row for row in facts.segment_scores if row["task"] == task]
    blocks = [_shares(task, found, traits), _traits(task, found, traits), _scores(task, found, scores)]
    lead = "Who behaves alike. A segment keeps its name when it is trained again with most of the same users."
    return Section(f"segments-{task}", f"Segments: {task}", lead, [one for one in blocks if one is not None])


def _shares(task: str, found: list[Row], traits: list[Row]) -> Block:
    worth = {row["segment"]: row["value_share"] for row in traits}
    names = [row["segment"] for row in found]
    block = Block(f"{task}-shares", "How large they are", wide=True, table_open=True, wrapped=True)
    block.figure = segment_figures.shares(
        names, [row["share"] for row in found], [worth.get(name) for name in names]
    )
    block.columns = ("segment", "users", "share of users", "share of value", "what sets it apart")
    block.rows = [
        (
            row["segment"],
            row["users"],
            f"{row['share']:.1%}",
            f"{worth[row['segment']]:.1%}" if worth.get(row["segment"]) is not None else None,
            row["description"],
        )
        for row in found
    ]
    return block


def _traits(task: str, found: list[Row], traits: list[Row]) -> Block | None:
    if not traits:
        return None
    segments = [row["segment"] for row in found]
    features = list(dict.fromkeys(row["feature"] for row in traits))
    known = {(row["segment"], row["feature"]): row for row in traits}

    def grid(part: str) -> list[list[float | None]]:
        return [[known[s, f][part] if (s, f) in known else None for f in features] for s in segments]

    overall = {row["feature"]: row["overall"] for row in traits}
    return Block(
        f"{task}-traits",
        "What sets them apart",
        figure=segment_figures.traits(segments, features, grid("apart"), grid("mean")),
        note="The number is the segment's mean in the feature's unit; orange: above all, blue: below.",
        columns=("segment", *features),
        rows=[
            *([name, *means] for name, means in zip(segments, grid("mean"), strict=True)),
            ["everyone", *(overall[feature] for feature in features)],
        ],
        wide=True,
    )


def _scores(task: str, found: list[Row], scores: list[Row]) -> Block | None:
    if not scores:
        return None
    tasks = list(dict.fromkeys(row["scored"] for row in scores))
    known = {
        (row["segment"], row["scored"]): f"{row['score']:.1%}" if row["is_share"] else row["score"]
        for row in scores
    }
    return Block(
        f"{task}-scores",
        "Mean score of each segment",
        columns=("segment", *tasks),
        rows=[[row["segment"], *(known.get((row["segment"], one)) for one in tasks)] for row in found],
        note="What the serving model of each task says of the segment's users, on average.",
        wide=True,
        table_open=True,
        wrapped=True,
    )

"""The report's sections in order: each is a heading, a sentence, and figures with their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from profilectl.reporting import figures
from profilectl.reporting.data import ReportData
from profilectl.reporting.figures import Figure

DRAWN = 15
FILES = 20


@dataclass
class Block:
    """Figure, table or points, or several; ``empty`` stands in where there is nothing to show."""

    key: str
    title: str
    figure: Figure | None = None
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    note: str = ""
    points: Sequence[str] = ()
    empty: str = "Nothing to show yet."
    wide: bool = False
    small: bool = False
    table_open: bool = False
    wrapped: bool = False


@dataclass
class Section:
    """One heading of the report."""

    key: str
    title: str
    lead: str
    blocks: list[Block] = field(default_factory=list)


def build(facts: ReportData) -> list[Section]:
    """Return all sections for ``facts``."""
    from profilectl.reporting.identity import identity_section
    from profilectl.reporting.learning import model_sections
    from profilectl.reporting.population import population, trends
    from profilectl.reporting.segments import segment_sections

    own = [population(facts), trends(facts), quality(facts), identity_section(facts), features(facts)]
    return [*own, *segment_sections(facts), *model_sections(facts.tasks)]


def quality(facts: ReportData) -> Section:
    """What landed, what was used, what was set aside and why."""
    aside = Block(
        "quality", "Rows set aside, by source", empty="Nothing has landed yet.", wide=True, table_open=True
    )
    if facts.quality:
        names = [f"{row['source']}.{row['entity']}" for row in facts.quality]
        shares = {
            kind: [_share(row[kind], row["landed"]) for row in facts.quality]
            for kind in ("quarantined", "duplicates")
        }
        aside.figure = figures.stacked(
            names,
            [
                ("quarantined", shares["quarantined"], figures.RED),
                ("duplicates", shares["duplicates"], figures.ORANGE),
            ],
            x_title="share of the rows landed",
            tickformat=".1~%",
        )
        kinds = ("landed", "shaped", "quarantined", "duplicates")
        aside.columns = ("source", *kinds)
        aside.rows = [
            [name, *(row[kind] for kind in kinds)] for name, row in zip(names, facts.quality, strict=True)
        ]
    reasons = Block("reasons", "Why rows are in quarantine", empty="Nothing is in quarantine.", wide=True)
    if facts.reasons:
        drawn, rest = facts.reasons[:DRAWN], facts.reasons[DRAWN:]
        labels = [_reason(row) for row in drawn]
        counts = [row["n"] for row in drawn]
        if rest:
            reasons.note = f"and {len(rest):,} more reasons, {sum(row['n'] for row in rest):,} rows"
        reasons.figure = figures.stacked(
            labels, [("rows", counts, figures.RED)], x_title="rows", tickformat=",~s"
        )
        reasons.columns = ("source", "column", "reason", "rows")
        reasons.rows = [
            [f"{row['source']}.{row['entity']}", row["column_name"], row["reason"], row["n"]]
            for row in facts.reasons
        ]
    lead = "Nothing is lost: a row that landed is used, a duplicate, or in quarantine with a reason."
    return Section("quality", "Data quality", lead, [aside, reasons, *files_not_taken(facts), *loads(facts)])


def files_not_taken(facts: ReportData) -> list[Block]:
    """Which whole files were set aside, if any were."""
    found = facts.files_not_taken
    if not found:
        return []
    block = Block("files", "Files that were not taken", wide=True, table_open=True)
    if len(found) > FILES:
        block.note = f"and {len(found) - FILES:,} more files"
    block.columns = ("file", "reason", "detail")
    block.rows = [[row[name] for name in block.columns] for row in found[:FILES]]
    return [block]


def loads(facts: ReportData) -> list[Block]:
    """Where the rows of each load went, once there are several loads to compare."""
    if len(facts.loads) < 2:
        return []
    kinds = ("landed", "shaped", "quarantined", "duplicates")
    names = [f"load {row['batch_id']}" for row in facts.loads]
    block = Block("loads", "Rows set aside, by load", wide=True)
    block.figure = figures.stacked(
        names,
        [
            (kind, [_share(row[kind], row["landed"]) for row in facts.loads], colour)
            for kind, colour in (("quarantined", figures.RED), ("duplicates", figures.ORANGE))
        ],
        x_title="share of the rows landed",
        tickformat=".1~%",
    )
    block.columns = ("load", *kinds)
    block.rows = [
        [name, *(row[kind] for kind in kinds)] for name, row in zip(names, facts.loads, strict=True)
    ]
    return [block]


def features(facts: ReportData) -> Section:
    """How the features are distributed."""
    blocks = [
        Block(
            f"feature-{index}",
            feature["feature"],
            figure=figures.histogram(feature),
            note=_described(feature),
            small=True,
        )
        for index, feature in enumerate(facts.features)
        if feature["bins"]
    ]
    if not blocks:
        blocks = [Block("features", "Distributions", empty="No features yet: run profilectl build.")]
    lead = (
        "The most important features of the model, or the first ones where there is no model. "
        "The last bar holds everything above the 99th percentile."
    )
    return Section("features", "Features", lead, blocks)


def _described(feature: dict[str, Any]) -> str:
    known = percent(feature["known"], feature["users"])
    return f"median {feature['median']:,.4g}, highest {feature['top']:,.4g}, known for {known}"


def _reason(row: dict[str, Any]) -> str:
    place = f"{row['entity']}.{row['column_name']}" if row["column_name"] else row["entity"]
    return f"{row['reason']} ({place})"


def _share(part: float | None, whole: float | None) -> float:
    return (part or 0) / whole if whole else 0.0


def percent(part: float | None, whole: float | None) -> str:
    """Return ``part`` of ``whole`` as text."""
    return f"{_share(part, whole):.1%}"

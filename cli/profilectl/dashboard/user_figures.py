"""Figures of one user: what happened when, why a score is what it is, which identifiers are one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from profilectl.facts import Row
from profilectl.reporting.figures import BLUE, GREY, ORANGE, Figure, day_axis, layout
from profilectl.reporting.words import spoken

_SHOWN_NAME = 26


def timeline(days: Sequence[Row]) -> Figure:
    """One dot per day and kind of event; more events make it larger."""
    kinds = list(dict.fromkeys(row["event_type"] for row in sorted(days, key=lambda row: row["event_type"])))
    told = [
        f"{escape(spoken(row['event_type']))}: {row['events']:,}"
        + (f", {row['amount']:,.2f} in all" if row["amount"] else "")
        for row in days
    ]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [str(row["occurred_on"]) for row in days],
        "y": [spoken(row["event_type"]) for row in days],
        "text": told,
        "marker": {
            "color": BLUE,
            "opacity": 0.55,
            "size": [min(6 + 3 * math.log2(row["events"]), 22) for row in days],
            "line": {"width": 0},
        },
        "hovertemplate": "%{x|%-d %b %Y}: %{text}<extra></extra>",
    }
    return {
        "data": [trace],
        "layout": layout(
            36 * len(kinds) + 80,
            xaxis={"title": {"text": "day"}, **day_axis([row["occurred_on"] for row in days])},
            yaxis={"type": "category", "categoryorder": "category descending"},
        ),
    }


def reasons(rows: Sequence[Row], x_title: str) -> Figure:
    """Lying bars of what moved a score; the sign says which way, the colour only repeats it."""
    names = [escape(f"{row['feature']} = {_short(row['value'] or 'unknown')}") for row in rows]
    moved = [row["contribution"] for row in rows]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": moved,
        "y": names,
        "text": [f"{one:+.3g}" for one in moved],
        "textposition": "auto",
        "meta": {"narrow": {"textposition": "none"}},
        "cliponaxis": False,
        "marker": {"color": [ORANGE if one > 0 else BLUE for one in moved]},
        "hovertemplate": "%{y}: %{x:+.4g}<extra></extra>",
    }
    return {
        "data": [trace],
        "layout": layout(
            32 * len(names) + 80,
            xaxis={"title": {"text": x_title}, "nticks": 6, "zeroline": True},
            yaxis={"autorange": "reversed", "type": "category"},
        ),
    }


def identity_graph(identifiers: Sequence[Row], links: Sequence[Row]) -> Figure:
    """Identifiers in a circle, by type; a line where records carried both, thicker for more records.

    Dashed: only an override ties the two.
    """
    ordered = sorted(identifiers, key=lambda one: (one["identifier_type"], one["identifier_value"]))
    # The first one stands on top; from there clockwise.
    angles = [math.pi / 2 - 2 * math.pi * place / max(len(ordered), 1) for place in range(len(ordered))]
    at = {
        (one["identifier_type"], one["identifier_value"]): (math.cos(angle), math.sin(angle))
        for one, angle in zip(ordered, angles, strict=True)
    }
    drawn = [_line(at, link) for link in links]
    dots = {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x for x, _ in at.values()],
        "y": [y for _, y in at.values()],
        "text": [f"\u00a0<b>{escape(kind)}</b> {escape(_short(value))}\u00a0" for kind, value in at],
        "customdata": [f"{escape(kind)} {escape(value)}" for kind, value in at],
        "textposition": [_beside(x, y) for x, y in at.values()],
        # On a phone there is room for the types; the table has the values.
        "meta": {"narrow": {"text": [escape(kind) for kind, _ in at]}},
        "cliponaxis": False,
        "marker": {"color": BLUE, "size": 14, "line": {"width": 2, "color": "white"}},
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    hidden: dict[str, Any] = {"visible": False, "range": [-1.25, 1.25]}
    return {
        "data": [*(line for line in drawn if line), dots],
        "layout": layout(
            380 if len(ordered) <= 16 else 560,
            margin={"l": 8, "r": 8, "t": 16, "b": 16},
            xaxis={**hidden, "range": [-2.4, 2.4]},
            yaxis=hidden,
        ),
    }


def _line(at: dict[tuple[str, str], tuple[float, float]], link: Row) -> Row | None:
    ends = [at.get((link[f"{side}_type"], link[f"{side}_value"])) for side in ("identifier", "other")]
    if None in ends:
        return None
    (x, y), (to_x, to_y) = (end for end in ends if end is not None)
    records = link["records"] or 0
    why = f"{records:,} records carry both" if records else f"held together: {link['override_reason']}"
    return {
        "type": "scatter",
        "mode": "lines",
        # A point in the middle, because only points say something when pointed at.
        "x": [x, (x + to_x) / 2, to_x],
        "y": [y, (y + to_y) / 2, to_y],
        "line": {
            "color": GREY,
            "width": 1 + min(math.log10(records + 1), 3) if records else 2,
            "dash": "solid" if records else "dash",
        },
        "opacity": 0.7,
        "hovertemplate": escape(why) + "<extra></extra>",
    }


def _beside(x: float, y: float) -> str:
    # Of many, several stand near the top and the bottom: names above or below them would lie on each other.
    if abs(x) < 0.01:
        return "top center" if y > 0 else "bottom center"
    return "middle right" if x > 0 else "middle left"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_NAME else f"{text[: _SHOWN_NAME - 1]}…"

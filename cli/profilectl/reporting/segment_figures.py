"""Figures of audience segments."""

from __future__ import annotations

from collections.abc import Sequence

from profilectl.reporting.figures import BLUE, ORANGE, Figure, layout

#: Blue below, orange above everyone: told apart by the colour-blind, and the numbers stand in the cells.
_DIVERGING = [[0.0, "#56B4E9"], [0.5, "#FFFFFF"], [1.0, "#E69F00"]]
_STRONG = 1.5


def shares(names: Sequence[str], users: Sequence[float], value: Sequence[float | None]) -> Figure:
    """Two lying bars per segment: its share of the users, and of the value where the task has one."""
    series = [("of users", list(users), BLUE, "")]
    if any(one is not None for one in value):
        series.append(("of value", [one or 0.0 for one in value], ORANGE, "/"))
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": list(names),
            "x": values,
            "marker": {"color": colour, "pattern": {"shape": shape, "solidity": 0.25}},
            "hovertemplate": "%{y}<br>%{x:.1%} " + label + "<extra></extra>",
        }
        for label, values, colour, shape in series
    ]
    return {
        "data": data,
        "layout": layout(
            44 * len(names) + 100,
            barmode="group",
            showlegend=len(series) > 1,
            xaxis={"title": {"text": "share"}, "nticks": 6, "tickformat": ".0%", "rangemode": "tozero"},
            yaxis={"autorange": "reversed", "type": "category"},
        ),
    }


def traits(
    segments: Sequence[str],
    features: Sequence[str],
    apart: Sequence[Sequence[float | None]],
    means: Sequence[Sequence[float | None]],
) -> Figure:
    """Segments by features: colour says how far from everyone, the number is the segment's mean."""
    trace = {
        "type": "heatmap",
        "x": list(features),
        "y": list(segments),
        "z": [list(row) for row in apart],
        "text": [[_brief(one) for one in row] for row in means],
        "texttemplate": "%{text}",
        # Both ends of the scale are light enough for dark text, in the dark theme too.
        "textfont": {"color": "#1c2024"},
        "colorscale": _DIVERGING,
        "zmin": -_STRONG,
        "zmax": _STRONG,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "hovertemplate": "%{y}<br>%{x}: mean %{text}<br>%{z:+.2f} standard deviations<extra></extra>",
    }
    return {
        "data": [trace],
        "layout": layout(
            36 * len(segments) + 150,
            xaxis={
                "title": {"text": "feature"},
                "type": "category",
                "showgrid": False,
                "tickangle": -35,
            },
            yaxis={"autorange": "reversed", "type": "category", "showgrid": False},
        ),
    }


def _brief(value: float | None) -> str:
    """Return three significant places: the cells are narrow on a phone."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

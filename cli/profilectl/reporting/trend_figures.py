"""Figures with time along the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from profilectl.reporting.figures import Figure, layout

#: Name, values, colour and dash: two lines differ in more than their colour.
Line = tuple[str, Sequence[float | None], str, str]


def over_time(
    days: Sequence[Any], series: Sequence[Line], *, x_title: str, y_title: str, tickformat: str = ",~s"
) -> Figure:
    """Lines over days, from nought up."""
    few = len(days) < 3
    data = [
        {
            "type": "scatter",
            "mode": "markers" if few else "lines",
            "name": name,
            "x": [str(day) for day in days],
            "y": list(values),
            "line": {"color": colour, "width": 2, "dash": dash},
            "marker": {"color": colour, "size": 8},
            "hovertemplate": "%{x|%-d %b %Y}: %{y:,.4~g} " + name + "<extra></extra>",
        }
        for name, values, colour, dash in series
    ]
    return {
        "data": data,
        "layout": layout(
            280,
            showlegend=len(series) > 1,
            xaxis={"title": {"text": x_title}, "type": "date", "nticks": 8, "tickformat": "%b\n%Y"},
            yaxis={"title": {"text": y_title}, "rangemode": "tozero", "tickformat": tickformat, "nticks": 6},
        ),
    }

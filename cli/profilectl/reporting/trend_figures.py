"""Figures with time along the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from profilectl.reporting.figures import Figure, day_axis, layout

#: Name, values, colour and dash: two lines differ in more than their colour.
Line = tuple[str, Sequence[float | None], str, str]


def over_time(
    moments: Sequence[Any], series: Sequence[Line], *, x_title: str, y_title: str, tickformat: str = ",~s"
) -> Figure:
    """Lines over days or instants, from nought up."""
    few = len(moments) < 3
    # Between instants Plotly chooses what tells them apart.
    by_day = not any(isinstance(one, datetime) for one in moments)
    across: dict[str, Any] = {"title": {"text": x_title}, "type": "date", "nticks": 8}
    if by_day:
        across |= day_axis(moments)
    shown = "%{x|%-d %b %Y}" if by_day else "%{x|%-d %b %Y, %H:%M}"
    data = [
        {
            "type": "scatter",
            "mode": "markers" if few else "lines",
            "name": name,
            "x": [str(one) for one in moments],
            "y": list(values),
            "line": {"color": colour, "width": 2, "dash": dash},
            "marker": {"color": colour, "size": 8},
            "hovertemplate": shown + ": %{y:,.4~g} " + name + "<extra></extra>",
        }
        for name, values, colour, dash in series
    ]
    return {
        "data": data,
        "layout": layout(
            280,
            showlegend=len(series) > 1,
            xaxis=across,
            yaxis={"title": {"text": y_title}, "rangemode": "tozero", "tickformat": tickformat, "nticks": 6},
        ),
    }

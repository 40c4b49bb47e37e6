"""Figures as plain Plotly JSON: data in, a dictionary out. Colours are the Okabe-Ito palette."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A8F98"

#: Over fewer days Plotly puts several ticks into a month, which would all have its name.
_NAMED_BY_DAY = 183
_TICKS = 8
_DAY_MS = 86_400_000

Figure = dict[str, Any]


def layout(height: int, **more: Any) -> dict[str, Any]:
    """Return the layout all figures share; the page fills in the theme's text and grid colours."""
    axis = {"automargin": True, "zeroline": False, "fixedrange": True}
    base: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12},
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "bargap": 0.25,
        "dragmode": False,
        "hoverlabel": {"namelength": -1},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }
    for key, value in more.items():
        base[key] = {**base[key], **value} if isinstance(value, dict) and key in base else value
    return base


def day_axis(days: Sequence[Any]) -> dict[str, Any]:
    """Return how an axis over days, or months such as ``2017-01``, is ticked: no two ticks read alike.

    Examples
    --------
    >>> day_axis(["2017-03-01", "2017-05-31"])["tickformat"], day_axis(["2017-01", "2017-12"])["tickformat"]
    ('%-d %b\\n%Y', '%b\\n%Y')
    """
    texts = [str(day) for day in days]
    known = [date.fromisoformat(f"{text}-01"[:10]) for text in texts]
    span = (max(known) - min(known)).days
    axis: dict[str, Any] = {"type": "date", "nticks": _TICKS, "tickformat": "%b\n%Y"}
    if span >= _NAMED_BY_DAY:
        return axis
    if all(len(text) == len("2017-01") for text in texts):
        return axis | {"dtick": "M1"}
    axis["tickformat"] = "%-d %b\n%Y"
    return axis | {"dtick": _DAY_MS} if span < _TICKS else axis


def bars(
    x: Sequence[Any], y: Sequence[Any], *, x_title: str, y_title: str, x_type: str = "category"
) -> Figure:
    """Upright bars of one series."""
    trace = {"type": "bar", "x": list(x), "y": list(y), "marker": {"color": BLUE}}
    across: dict[str, Any] = {"title": {"text": x_title}, "type": x_type, "nticks": 12}
    if x_type == "date":
        across |= day_axis(x)
    return {
        "data": [trace],
        "layout": layout(
            280,
            xaxis=across,
            # Prefixes are for large numbers: 600m would hardly be read as a share of 0.6.
            yaxis={"title": {"text": y_title}, "tickformat": ",~s" if max(y, default=0) > 1 else ".2~f"},
        ),
    }


def stacked(
    names: Sequence[str], series: Sequence[tuple[str, Sequence[float], str]], *, x_title: str, **axis: Any
) -> Figure:
    """Lying bars, one row per name (the first on top), one colour per series."""
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": list(names),
            "x": list(values),
            "marker": {"color": colour},
            "hovertemplate": "%{y}<br>" + label + ": %{x:,.4~g}<extra></extra>",
        }
        for label, values, colour in series
    ]
    height = 28 * len(names) + 100
    return {
        "data": data,
        "layout": layout(
            height,
            barmode="stack",
            showlegend=len(series) > 1,
            xaxis={"title": {"text": x_title}, "nticks": 6, **axis},
            yaxis={"autorange": "reversed", "type": "category"},
        ),
    }


def intervals(
    names: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    colours: Sequence[str],
    x_title: str,
    **axis: Any,
) -> Figure:
    """Dots with intervals, one row per name (the first on top)."""
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": list(values),
        "y": list(names),
        "marker": {"color": list(colours), "size": 11},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, top - value) for top, value in zip(high, values, strict=True)],
            "arrayminus": [max(0.0, value - bottom) for bottom, value in zip(low, values, strict=True)],
            "color": GREY,
            "thickness": 1.5,
            "width": 4,
        },
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:,.4~g}<extra></extra>",
    }
    return {
        "data": [trace],
        "layout": layout(
            30 * len(names) + 70,
            xaxis={"title": {"text": x_title}, "nticks": 6, **axis},
            yaxis={"autorange": "reversed", "type": "category"},
        ),
    }


def predicted_against_actual(actual: Sequence[float], predicted: Sequence[float]) -> Figure:
    """One dot per test user and the diagonal; square-root axes, because spend is skewed."""
    top = max([1.0, *actual, *predicted])
    ticks = [value for value in _steps(top) if value <= top * 1.05]
    axis = {
        "tickvals": [value**0.5 for value in ticks],
        "ticktext": [f"{value:,.0f}" for value in ticks],
        "range": [-0.02 * top**0.5, 1.04 * top**0.5],
    }
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(max(0.0, value) ** 0.5, 3) for value in predicted],
        "y": [round(max(0.0, value) ** 0.5, 3) for value in actual],
        "customdata": [[round(p, 2), round(a, 2)] for p, a in zip(predicted, actual, strict=True)],
        "marker": {"color": BLUE, "size": 5, "opacity": 0.35},
        "hovertemplate": "predicted %{customdata[0]:,.2f}<br>actual %{customdata[1]:,.2f}<extra></extra>",
    }
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, top**0.5],
        "y": [0, top**0.5],
        "line": {"color": RED, "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }
    return {
        "data": [dots, diagonal],
        "layout": layout(
            360, xaxis={"title": {"text": "predicted"}, **axis}, yaxis={"title": {"text": "actual"}, **axis}
        ),
    }


def lines(
    x: Sequence[Any],
    series: Sequence[tuple[str, Sequence[float], str, str]],
    x_title: str,
    y_title: str,
    tickformat: str = ",~s",
) -> Figure:
    """Lines with markers; each series is (name, values, colour, marker symbol)."""
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": list(x),
            "y": list(values),
            "line": {"color": colour, "width": 2},
            "marker": {"symbol": symbol, "size": 8},
            "hovertemplate": name + " %{y:,.4~g}<extra></extra>",
        }
        for name, values, colour, symbol in series
    ]
    return {
        "data": data,
        "layout": layout(
            360,
            showlegend=True,
            xaxis={"title": {"text": x_title}, "dtick": 1},
            yaxis={"title": {"text": y_title}, "rangemode": "tozero", "tickformat": tickformat},
        ),
    }


def histogram(feature: dict[str, Any]) -> Figure:
    """One small histogram, its bins already counted."""
    low, width = float(feature["low"]), float(feature["width"])
    centres = [low + (row["bin"] + 0.5) * width for row in feature["bins"]]
    trace = {
        "type": "bar",
        "x": centres,
        "y": [row["n"] for row in feature["bins"]],
        "width": width * 0.96,
        "marker": {"color": BLUE},
        "hovertemplate": "%{x:,.4~g}: %{y:,} users<extra></extra>",
    }
    across = {"nticks": 5, "tickformat": "~s" if float(feature["high"]) >= 1000 else ".3~g"}
    return {
        "data": [trace],
        "layout": layout(150, bargap=0, xaxis=across, yaxis={"nticks": 4, "tickformat": "~s"}),
    }


def _steps(top: float) -> list[float]:
    """Return round values up to ``top`` that spread over a square-root axis."""
    unit = 1.0
    while unit * 2000 < top:
        unit *= 10
    return [unit * step for step in (0, 10, 50, 100, 250, 500, 1000, 1500, 2000)]

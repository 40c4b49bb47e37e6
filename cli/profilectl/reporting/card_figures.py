"""Figures of the model card. Colour never tells alone: marks differ in shape, too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from profilectl.reporting.figures import BLUE, GREEN, GREY, ORANGE, RED, Figure, layout

_STYLES = ((BLUE, "circle"), (ORANGE, "diamond"), (GREEN, "square"), (RED, "triangle-up"), (GREY, "cross"))
DRIFTED = 0.25
_POINTS, _FAR = 3, 4
Row = dict[str, Any]


@dataclass(frozen=True)
class Path:
    """The loss of a candidate by the one setting that varies, from the smallest value on."""

    candidate: str
    setting: str
    x: list[float]
    y: list[float]


def paths(trials: Sequence[Row]) -> list[Path]:
    """Return lines of loss by the positive number that varies most, one for each mixture of the others."""
    found = []
    for candidate in dict.fromkeys(t["candidate"] for t in trials):
        share = max_share(trials, candidate)
        whole = [t for t in trials if t["candidate"] == candidate and t["share"] == share]
        counts = {name: len(set(_numbers(whole, name))) for name in {n for t in whole for n in t["params"]}}
        if not counts:
            continue
        setting = max(sorted(counts), key=lambda name: counts[name])
        groups: dict[str, list[tuple[float, float]]] = {}
        for t in whole:
            rest = ", ".join(f"{n} {v}" for n, v in sorted(t["params"].items()) if n != setting)
            for x in _numbers([t], setting):
                groups.setdefault(rest, []).append((x, t["loss"]))
        for rest, points in groups.items():
            points.sort()
            if len(points) >= _POINTS:
                label = f"{candidate}: {rest}" if len(groups) > 1 else candidate
                found.append(Path(label, setting, [x for x, _ in points], [y for _, y in points]))
    return found


def _numbers(trials: Sequence[Row], name: str) -> list[float]:
    values = [t["params"].get(name) for t in trials]
    return [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v > 0]


def max_share(trials: Sequence[Row], candidate: str) -> float:
    """Return the share of users on which most of a candidate's settings were tried."""
    shares = [t["share"] for t in trials if t["candidate"] == candidate]
    return float(max(shares, key=lambda share: (shares.count(share), share)))


def path(series: Sequence[Path], y_title: str) -> Figure:
    """Lines of loss by setting, on a logarithmic axis."""
    data = []
    for one, (colour, symbol) in zip(series, _STYLES, strict=False):
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"{one.candidate} ({one.setting})",
                "x": one.x,
                "y": one.y,
                "line": {"color": colour, "width": 2},
                "marker": {"symbol": symbol, "size": 8},
                "hovertemplate": one.setting + " %{x:.4~g}: %{y:.4~g}<extra></extra>",
            }
        )
    across = {"title": {"text": "setting"}, "type": "log", "dtick": 1, "exponentformat": "power"}
    return {
        "data": data,
        "layout": layout(340, showlegend=True, xaxis=across, yaxis={"title": {"text": y_title}}),
    }


def tried(trials: Sequence[Row], x_title: str) -> Figure:
    """One mark per setting, one row per candidate."""
    names = list(dict.fromkeys(t["candidate"] for t in trials))
    losses = [t["loss"] for t in trials]
    # One candidate that failed badly would press all others together.
    far = min(losses) > 0 and max(losses) > _FAR * min(losses)
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [t["loss"] for t in trials],
        "y": [t["candidate"] for t in trials],
        "customdata": [[json.dumps(t["params"], sort_keys=True), f"{t['share']:.0%}"] for t in trials],
        "marker": {
            "color": BLUE,
            "size": 8,
            "symbol": ["circle" if t["share"] == 1 else "circle-open" for t in trials],
        },
        "hovertemplate": "%{x:.4~g} on %{customdata[1]} of the users<br>%{customdata[0]}<extra></extra>",
    }
    return {
        "data": [trace],
        "layout": layout(
            28 * len(names) + 70,
            xaxis={"title": {"text": x_title}, "nticks": 6, "type": "log" if far else "linear"},
            yaxis={"autorange": "reversed", "type": "category"},
        ),
    }


def reliability(rows: Sequence[Row], chosen: str) -> Figure:
    """Share that came true by probability said, with the diagonal."""
    data: list[Row] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "line": {"color": GREY, "width": 1.5, "dash": "dash"},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
    for candidate in sorted({r["candidate"] for r in rows}, key=lambda name: name != chosen):
        mine = [r for r in rows if r["candidate"] == candidate]
        colour, symbol = _STYLES[0 if candidate == chosen else 1]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": candidate,
                "x": [r["predicted"] for r in mine],
                "y": [r["observed"] for r in mine],
                "customdata": [r["n"] for r in mine],
                "line": {"color": colour, "width": 2},
                "marker": {"symbol": symbol, "size": 8},
                "hovertemplate": "said %{x:.3f}, came true %{y:.3f}, %{customdata:,} users<extra></extra>",
            }
        )
    axis = {"range": [-0.03, 1.03], "tickformat": ".0%"}
    return {
        "data": data,
        "layout": layout(
            360,
            showlegend=True,
            xaxis={"title": {"text": "probability said"}, **axis},
            yaxis={"title": {"text": "share that came true"}, **axis},
        ),
    }


def drift(rows: Sequence[Row]) -> Figure:
    """Lying bars of PSI; what drifted is orange and has a mark before its name."""
    names = [("▲ " if r["psi"] > DRIFTED else "") + r["feature"] for r in rows]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [r["psi"] for r in rows],
        "y": names,
        "marker": {"color": [ORANGE if r["psi"] > DRIFTED else BLUE for r in rows]},
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }
    return {
        "data": [trace],
        "layout": layout(
            26 * len(names) + 70,
            xaxis={"title": {"text": "PSI"}, "nticks": 6},
            yaxis={"autorange": "reversed", "type": "category"},
        ),
    }


def against_baseline(rows: Sequence[Row], metric: str) -> Figure:
    """Model and baseline as two marks per part, with a line between them."""
    names = [f"{r['value']} ({r['n']:,})" for r in rows]
    between: list[Row] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [r["baseline"], r["score"]],
            "y": [name, name],
            "line": {"color": GREY, "width": 1.5},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        for r, name in zip(rows, names, strict=True)
    ]
    marks = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [r[key] for r in rows],
            "y": names,
            "marker": {"color": colour, "symbol": symbol, "size": 11},
            "hovertemplate": "%{y}: %{x:,.4~g}<extra>" + name + "</extra>",
        }
        for name, key, (colour, symbol) in (
            ("baseline", "baseline", _STYLES[1]),
            ("model", "score", _STYLES[0]),
        )
    ]
    return {
        "data": [*between, *marks],
        "layout": layout(
            30 * len(names) + 100,
            showlegend=True,
            xaxis={"title": {"text": metric}, "nticks": 6},
            yaxis={"autorange": "reversed", "type": "category"},
        ),
    }

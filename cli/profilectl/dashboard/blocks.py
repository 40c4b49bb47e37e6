"""The report's sections and blocks as components: one definition of what is shown, two ways of showing it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dash import dcc, html

from profilectl.reporting.sections import Block, Section
from profilectl.reporting.words import told

_USER = re.compile(r"u[0-9a-f]{16}")
#: Texts of so many characters are not broken: a date, a source, a rule.
_BRIEF = 20
#: A table of more rows than so many scrolls within its card.
_LONG = 14
# What stands there until the browser has drawn the figure in the page's colours: nothing.
_BLANK: dict[str, Any] = {
    "data": [],
    "layout": {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
    },
}


def aria(**names: str) -> dict[str, Any]:
    """Return attributes for those who do not see the page: ``aria(label="Pages")``."""
    return {f"aria-{name}": value for name, value in names.items()}


def link(label: str, href: str, *, here: bool) -> dcc.Link:
    """Return a link of a navigation; ``here`` marks the page that is open."""
    # dcc.Link takes no aria attributes: the mark stands on what it holds.
    marked = html.Span(label, **aria(current="page")) if here else label
    return dcc.Link(marked, href=href, className="here" if here else "")


def page(title: str, lead: str, *content: Any) -> html.Div:
    """Return a page: its heading, one sentence, and what it shows."""
    return html.Div([html.H1(title), html.P(lead, className="lead"), *content])


def tiles(facts: Sequence[tuple[str, object]]) -> html.Dl:
    """Return large figures with small names."""
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(told(value))]) for name, value in facts], className="tiles"
    )


def section(one: Section) -> html.Section:
    """Return a section with its cards."""
    heading = f"{one.key}-title"
    return html.Section(
        [
            html.H2(one.title, id=heading),
            html.P(one.lead, className="lead") if one.lead else None,
            html.Div([card(block) for block in one.blocks], className="grid"),
        ],
        id=one.key,
        **aria(labelledby=heading),
    )


def card(block: Block) -> html.Article:
    """Return a card: figure, note, points and table, or what to do where there is nothing to show yet."""
    kind = "".join(f" {name}" for name in ("wide", "small") if getattr(block, name))
    parts: list[Any] = [html.H3(block.title)]
    if block.figure:
        parts.append(figure(block))
    if block.note:
        parts.append(html.P(block.note, className="note"))
    if block.points:
        parts.append(html.Ul([html.Li(point) for point in block.points], className="points"))
    if block.rows:
        parts.append(_folded(block))
    if not (block.figure or block.points or block.rows):
        parts.append(html.P(block.empty, className="note empty"))
    return html.Article(parts, className=f"card{kind}")


def figure(block: Block) -> html.Div:
    """Return a figure; the browser draws it in the page's colours and width (assets/dashboard.js)."""
    drawn = block.figure or _BLANK
    height = f"{drawn['layout']['height']}px"
    more = ", as a figure; the table below has the numbers" if block.rows else ""
    return html.Div(
        [
            dcc.Store(id={"type": "drawing", "key": block.key}, data=drawn),
            dcc.Graph(
                id={"type": "figure", "key": block.key},
                figure=_BLANK,
                config={"displayModeBar": False},
                responsive=True,
                style={"height": height},
            ),
        ],
        className="figure",
        role="img",
        style={"height": height},
        **aria(label=f"{block.title}{more}"),
    )


def table(block: Block) -> html.Div:
    """Return a table that scrolls within itself where it is wider than the page."""
    right = [_numeric(column) for column in zip(*block.rows, strict=True)]
    head = [
        html.Th(name, scope="col", className="right" if is_right else None)
        for name, is_right in zip(block.columns, right, strict=True)
    ]
    return html.Div(
        html.Table(
            [html.Thead(html.Tr(head)), html.Tbody([_row(block, row, right) for row in block.rows])],
            className="wrapped" if block.wrapped else None,
        ),
        className="scroll long" if len(block.rows) > _LONG else "scroll",
        tabIndex=0,
        role="region",
        **aria(label=f"Table: {block.title}"),
    )


def linked(text: str) -> list[Any]:
    """Return a text whose user ids are links to the users."""
    parts = re.split(f"({_USER.pattern})", text)
    return [dcc.Link(part, href=f"/user/{part}") if place % 2 else part for place, part in enumerate(parts)]


def state(title: str, message: str, command: str | None = None) -> html.Div:
    """Return what stands in for a page that cannot be shown: what is the matter, and what to do."""
    said: list[Any] = [html.H2(title), html.P(message)]
    if command:
        said.append(html.P([html.Span("What to do: "), html.Code(command)]))
    return html.Div(said, className="state", role="alert")


def _folded(block: Block) -> Any:
    shown = table(block)
    return shown if block.table_open else html.Details([html.Summary("Table"), shown])


def _row(block: Block, row: Sequence[Any], right: Sequence[bool]) -> html.Tr:
    return html.Tr([_cell(*one) for one in zip(row, block.columns, right, strict=True)])


def _numeric(values: Sequence[object]) -> bool:
    """Return whether a column holds numbers, and nothing else but gaps."""
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known
    )


def _cell(value: object, label: str, is_right: bool) -> html.Td:
    text = told(value)
    kind = "right" if is_right else "brief" if len(text) <= _BRIEF else None
    if value is None or value == "":
        kind = f"{kind} none"
    linked = dcc.Link(text, href=f"/user/{text}") if _USER.fullmatch(text) else text
    labelled: dict[str, Any] = {"data-label": label}
    return html.Td(linked, className=kind, **labelled)

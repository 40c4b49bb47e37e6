"""The app: a shell with the navigation, and callbacks that fill in a page or notice a new version."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import flask
from dash import MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from profilectl.dashboard import guard, pages
from profilectl.dashboard.blocks import aria
from profilectl.dashboard.pages import user
from profilectl.dashboard.source import Source
from profilectl.project import Paths
from profilectl.reporting.page import TEMPLATES

#: Milliseconds between two looks for a new version; a look costs a system call or two.
LOOK_EVERY = 5_000
SHARED = ("look.css", "figures.js")
_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" href="data:,">
{%css%}
</head>
<body>
{%app_entry%}
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>"""


def make_app(paths: Paths, host: str = "127.0.0.1") -> Dash:
    """Return the app over the published file of ``paths``, for a server bound to ``host``."""
    source = Source(paths)
    app = Dash(
        "profilectl.dashboard",
        assets_folder=str(Path(__file__).with_name("assets")),
        external_stylesheets=["/look/look.css"],
        external_scripts=["/look/figures.js"],
        index_string=_INDEX,
        title="profilectl",
        update_title="",
        meta_tags=[{"name": "color-scheme", "content": "light dark"}],
        suppress_callback_exceptions=True,
        enable_mcp=False,
    )
    app.layout = lambda: _shell(source.shown().name)
    _serve_look(app.server)
    _answer(app, source)
    guard.protect(app.server, host, app.csp_hashes())
    return app


def _shell(version: str) -> html.Div:
    return html.Div(
        [
            dcc.Location(id="address", refresh="callback-nav"),
            dcc.Interval(id="tick", interval=LOOK_EVERY),
            dcc.Store(id="version", data=version),
            dcc.Store(id="width"),
            dcc.Store(id="heading"),
            html.Header(
                [
                    html.Div([html.P("profilectl", className="brand"), html.P(id="note", role="status")]),
                    html.Nav(id="nav", **aria(label="Pages")),
                ],
                className="page bar",
            ),
            html.Main(dcc.Loading(html.Div(id="page"), delay_show=400, type="dot", color="#0072B2")),
            html.Footer(
                html.P(
                    [
                        "Sources whose names begin with ",
                        html.Code("synthetic_"),
                        " are generated, not real. Times are UTC. This page fetches nothing from elsewhere.",
                    ]
                ),
                className="page",
            ),
        ]
    )


def _serve_look(server: flask.Flask) -> None:
    @server.get("/look/<name>")
    def look(name: str) -> flask.Response:
        if name not in SHARED:
            flask.abort(404)
        return flask.send_from_directory(TEMPLATES, name)


def _answer(app: Dash, source: Source) -> None:
    @app.callback(Output("version", "data"), Input("tick", "n_intervals"), State("version", "data"))
    def notice(_: int | None, known: str) -> Any:
        shown = source.shown().name
        return no_update if shown == known else shown

    @app.callback(
        Output("page", "children"),
        Output("nav", "children"),
        Output("note", "children"),
        Input("address", "pathname"),
        Input("version", "data"),
    )
    def show(pathname: str | None, _: str) -> tuple[Any, Any, Any]:
        path = unquote(pathname or "/")
        # The line on top and the page are of one version, also while the next one is made ready.
        page, note = source.read(lambda version: (pages.shown(version, path), pages.note(version)))
        return page, pages.navigation(path), note

    @app.callback(
        Output("address", "pathname"),
        Output("search-said", "children"),
        Output("found", "hidden"),
        Input("search-button", "n_clicks"),
        Input("search", "n_submit"),
        State("search", "value"),
        prevent_initial_call=True,
    )
    def search(clicks: int | None, submits: int | None, text: str | None) -> tuple[Any, Any, Any]:
        # Dash also calls when the search has just appeared: nobody has searched yet.
        if not (clicks or submits):
            return (no_update,) * 3
        return source.read(lambda version: user.searched(version, text))

    own = "profilectl"
    app.clientside_callback(
        ClientsideFunction(own, "draw"),
        Output({"type": "figure", "key": MATCH}, "figure"),
        Input({"type": "drawing", "key": MATCH}, "data"),
        Input("width", "data"),
    )
    app.clientside_callback(
        ClientsideFunction(own, "width"), Output("width", "data"), Input("address", "pathname")
    )
    app.clientside_callback(
        ClientsideFunction(own, "heading"), Output("heading", "data"), Input("page", "children")
    )
    app.clientside_callback(
        ClientsideFunction(own, "heading"),
        Output("heading", "data", allow_duplicate=True),
        Input("found", "hidden"),
        prevent_initial_call=True,
    )

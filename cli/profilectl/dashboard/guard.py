"""What the server refuses and forbids: the pages show personal data."""

from __future__ import annotations

from collections.abc import Sequence

import flask

from profilectl.dashboard.hosts import accepts


def protect(server: flask.Flask, bound: str, script_hashes: Sequence[str]) -> None:
    """Refuse requests under foreign names, and forbid browsers whatever the pages do not need.

    Parameters
    ----------
    server
        The server of the app.
    bound
        The host it is bound to.
    script_hashes
        Hashes of the page's own inline scripts, as a content security policy has them.
    """
    check = accepts(bound)
    policy = "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *script_hashes)),
            # Plotly styles its figures as it draws them.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )

    @server.before_request
    def refuse_foreign_names() -> flask.Response | None:
        if check(flask.request.headers.get("Host", "")):
            return None
        return flask.Response("This name is not served here.\n", status=403, mimetype="text/plain")

    @server.after_request
    def forbid(response: flask.Response) -> flask.Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        # Programs and styles may be kept; what is known of people may not.
        told = flask.request.path.startswith(("/_dash-update", "/_dash-layout"))
        if told or response.mimetype == "text/html":
            response.headers["Cache-Control"] = "no-store"
        return response

"""One user: found by any identifier; golden record, scores, events, identity."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import duckdb
from dash import dcc, html, no_update

from profilectl.dashboard import blocks, user_facts, user_sections
from profilectl.dashboard.source import Version
from profilectl.profile import find_user
from profilectl.reporting import words
from profilectl_ml.errors import ProfilectlError

LEAD = "Find a user by user id, or by any identifier: an e-mail, a card, a phone, a cookie."


def page(version: Version, text: str) -> Any:
    """Return the search, and below it the user that ``text`` names."""
    if not text:
        with version.opened():
            return blocks.page("User", LEAD, _search(""), _found([]))
    with version.opened() as connection:
        try:
            user_id = find_user(connection, text)
        except ProfilectlError as error:
            return blocks.page("User", LEAD, _search(text), _found([_not_found(error)]))
        found = user_facts.everything(connection, user_id)
    attributes, features = found["attributes"], found["features"]
    names = " ".join(str(attributes[n]) for n in ("first_name", "last_name") if attributes.get(n))
    segment = next((row["segment"] for row in found["segments"] if row["segment"]), None)
    facts = [
        ("first seen", _day(attributes.get("first_seen_at"))),
        ("last seen", _day(attributes.get("last_seen_at"))),
        ("identifiers", attributes.get("identifiers")),
        ("spend in 91 days", features.get("spend_91d")),
    ]
    return html.Div(
        [
            _search(""),
            _found(
                [
                    html.H1(names or user_id),
                    html.P(f"{user_id}, {segment}" if segment else user_id, className="lead"),
                    blocks.tiles([(name, value) for name, value in facts if value is not None]),
                    *(blocks.section(one) for one in user_sections.build(found)),
                ]
            ),
        ]
    )


def searched(version: Version, text: str | None) -> tuple[Any, Any, bool]:
    """Return the path of the user that ``text`` names, what to say where there is none, and what to hide.

    Whom the page shows is hidden while it says that somebody else was not found.

    The path holds the user id, so that an e-mail searched for does not stay in the browser's history.
    """
    if not text or not text.strip():
        asked = "Type what you know of the user: an e-mail, a card, a phone, a user id."
        return no_update, blocks.state("Nobody was searched for", asked), False
    try:
        with version.opened() as connection:
            return f"/user/{quote(find_user(connection, text.strip()), safe='')}", None, False
    except ProfilectlError as error:
        return no_update, _not_found(error), True
    except duckdb.Error as error:
        state = blocks.state("The published file cannot be read", str(error).splitlines()[0])
        return no_update, state, True


def _found(shown: list[Any]) -> html.Div:
    return html.Div(shown, id="found", hidden=False)


def _search(text: str) -> html.Div:
    return html.Div(
        [
            html.Div(
                [
                    html.Label("User id or any identifier", htmlFor="search", className="unseen"),
                    dcc.Input(
                        id="search",
                        type="text",
                        value=text,
                        placeholder="user id, e-mail, card, phone …",
                        autoComplete="off",
                        spellCheck="false",
                    ),
                    html.Button("Find", id="search-button", type="button"),
                ],
                className="search",
                role="search",
            ),
            html.Div(id="search-said"),
        ]
    )


def _not_found(error: ProfilectlError) -> Any:
    lines = [f"{text[:1].upper()}{text[1:]}." for text in (error.message, error.hint) if text]
    said = [html.H2("No such user"), *(html.P(blocks.linked(line)) for line in lines)]
    return html.Div(said, className="state", role="alert")


def _day(moment: Any) -> str | None:
    return words.told(moment.date()) if moment is not None else None

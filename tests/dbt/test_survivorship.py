"""A wrong declaration of survivorship: one message that names the file, the column and what is allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dbt_home import Home, invoke

RULES = "most_recent, most_trusted, most_complete"
SOURCES = "shop, crm, synthetic_web, synthetic_social, synthetic_survey"


def check(folder: Path, manifest: Any, declared: object) -> str:
    """What dbt says of ``declared`` for the column first_name; nothing if it is sound."""
    home = Home(folder, manifest)
    arguments = json.dumps({"column": "first_name", "declared": declared})
    command = ["run-operation", "check_survivorship", "--args", arguments]
    heard: list[str] = []
    (result,) = invoke(command, home.environment, home.target, manifest, heard=heard).results
    return " ".join(" ".join(heard).split()) if str(result.status) == "error" else ""


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (None, f"needs config.meta.survivorship.rule; allowed: {RULES}"),
        ("most_recent", f"needs config.meta.survivorship.rule; allowed: {RULES}"),
        ({"sources": ["crm"]}, f"needs config.meta.survivorship.rule; allowed: {RULES}"),
        ({"rule": "newest"}, f"has the unknown rule 'newest'; allowed: {RULES}"),
        (
            {"rule": "most_trusted", "source": ["crm"]},
            "has the unknown survivorship key 'source'; allowed: rule, sources",
        ),
        (
            {"rule": "most_trusted"},
            f"must list sources, most trusted first, under most_trusted and nowhere else; allowed: {SOURCES}",
        ),
        (
            {"rule": "most_trusted", "sources": "crm"},
            f"must list sources, most trusted first, under most_trusted and nowhere else; allowed: {SOURCES}",
        ),
        (
            {"rule": "most_recent", "sources": ["crm"]},
            f"must list sources, most trusted first, under most_trusted and nowhere else; allowed: {SOURCES}",
        ),
        (
            {"rule": "most_trusted", "sources": ["crm", "crn"]},
            f"trusts the unknown source 'crn'; allowed: {SOURCES}",
        ),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, manifest: Any, declared: object, said: str) -> None:
    assert f"dim_users.yml: column first_name {said}" in check(tmp_path, manifest, declared)


@pytest.mark.parametrize(
    "declared",
    [
        {"rule": "most_recent"},
        {"rule": "most_complete", "sources": None},
        {"rule": "most_trusted", "sources": ["crm", "synthetic_social"]},
    ],
)
def test_a_sound_declaration_is_taken(tmp_path: Path, manifest: Any, declared: object) -> None:
    assert check(tmp_path, manifest, declared) == ""

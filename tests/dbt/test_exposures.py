"""Exposures against the code they stand for, and the dictionary that BI gets with the published file."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dbt_home import ROOT
from profilectl import dictionary

CLI = ROOT / "cli" / "profilectl"
# What each exposure's code reads with, besides its own folder.
SHARED = ("facts.py", "identity_facts.py", "model_card.py", "truth.py")
DASHBOARD = CLI / "dashboard"
READERS = [
    pytest.param("report", [CLI / "reporting"], id="report"),
    pytest.param(
        "dashboard",
        [DASHBOARD, CLI / "reporting", CLI / "profile.py"],
        id="dashboard",
        marks=pytest.mark.skipif(not DASHBOARD.is_dir(), reason="this version has no dashboard"),
    ),
]


def marts_named(file: Path, marts: set[str]) -> set[str]:
    """Marts that the code in ``file`` names: as ``marts.name`` in a text, or as a text after ``"marts"``."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    found = {name for text in texts if isinstance(text, str) for name in re.findall(r"\bmarts\.(\w+)", text)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        said = [one.value for one in call.args if isinstance(one, ast.Constant)]
        found |= {str(name) for schema, name in pairwise(said) if schema == "marts"}
    return found & marts


def marts_of(manifest: Any) -> dict[str, Any]:
    return {
        node.name: node
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.schema == "marts"
    }


@pytest.mark.parametrize(("name", "places"), READERS)
def test_an_exposure_depends_on_what_its_code_reads(manifest: Any, name: str, places: list[Path]) -> None:
    files = [file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place])]
    files += [CLI / one for one in SHARED]
    read = set().union(*(marts_named(file, set(marts_of(manifest))) for file in files))
    [exposure] = [one for one in manifest.exposures.values() if one.name == name]
    declared = {key.split(".")[-1] for key in exposure.depends_on.nodes}
    assert len(read) > 3
    assert declared == read, f"_exposures.yml, {name}: add {read - declared}, remove {declared - read}"
    assert (exposure.owner.email, exposure.url, exposure.maturity) != (None, None, None)


def test_every_mart_says_grain_use_and_freshness(manifest: Any) -> None:
    published = [*marts_of(manifest).values(), *(s for s in manifest.sources.values() if s.schema == "ml")]
    for node in published:
        for said in ("One row per ", "Use: ", "Fresh: "):
            assert said in " ".join(node.description.split()), f"{node.name} does not say: {said}"


def test_the_dictionary_describes_every_column_in_its_unit(manifest: Any) -> None:
    said = dictionary.entries(manifest.to_dict())
    assert {entry.schema for entry in said} == {"marts", "ml"}
    assert not [entry for entry in said if not entry.description]
    features = {e.column: e for e in said if (e.schema, e.table) == ("marts", "user_features")}
    assert features["spend_28d"].unit == "currency"
    assert features[None].description.startswith("One row per user")

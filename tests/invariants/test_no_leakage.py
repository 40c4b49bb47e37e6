"""Invariant 5: what happens (strict: becomes known) after a cutoff changes no feature of that cutoff."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from feature_rows import AS_OF, Event, Move, histories, moves, profiles
from feature_warehouse import FeatureWarehouse
from hypothesis import HealthCheck, given, settings


@pytest.fixture(scope="module", params=[False, True], ids=["by day of event", "strict"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FeatureWarehouse, bool]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROFILECTL_WAREHOUSE", str(tmp_path_factory.mktemp("features") / "generated.duckdb"))
        patch.delenv("PROFILECTL_AS_OF", raising=False)
        return FeatureWarehouse(strict=request.param, name="generated"), request.param


@settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "12")),
    suppress_health_check=list(HealthCheck),
)
@given(history=histories(), people=profiles, beliefs=moves)
def test_rows_after_a_cutoff_change_nothing_before_it(
    warehouse: tuple[FeatureWarehouse, bool],
    history: tuple[dt.date, list[Event]],
    people: list[tuple[int, int, int, int]],
    beliefs: list[Move],
) -> None:
    """In strict mode that holds for what is found out later about who is who, too."""
    features, strict = warehouse
    cutoff, rows = history
    features.load(rows, people, beliefs)
    with_the_future = features.features("training_examples", AS_OF, cutoff)
    features.keep_usable_by(cutoff, known=strict)
    assert features.features("training_examples", AS_OF, cutoff) == with_the_future
    assert with_the_future
    assert strict or set(with_the_future) == {"u1", "u2", "u3"}

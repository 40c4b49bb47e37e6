"""Invariant 6: features on the way to training equal those on the way to scoring, to the last bit."""

from __future__ import annotations

import datetime as dt
import os

from feature_rows import AS_OF, Event, histories, profiles
from feature_warehouse import FeatureWarehouse
from hypothesis import HealthCheck, given, settings


@settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "12")),
    suppress_health_check=list(HealthCheck),
)
@given(history=histories(), people=profiles)
def test_training_and_serving_see_the_same(
    warehouse: FeatureWarehouse,
    history: tuple[dt.date, list[Event]],
    people: list[tuple[int, int, int, int]],
) -> None:
    cutoff, rows = history
    warehouse.load(rows, people)
    learned_from = warehouse.features("training_examples", AS_OF, cutoff)
    assert learned_from == warehouse.features("user_features", cutoff, cutoff)
    assert set(learned_from) == {"u1", "u2", "u3"}

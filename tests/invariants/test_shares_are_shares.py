"""What is called a share lies between 0 and 1, whatever was bought, discounted and paid back."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import yaml
from feature_rows import AS_OF, Event, histories
from feature_warehouse import FeatureWarehouse
from hypothesis import HealthCheck, given, settings

DECLARED = Path(__file__).parents[2] / "dbt_project" / "models" / "marts" / "user_features.yml"


@settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "12")),
    suppress_health_check=list(HealthCheck),
)
@given(history=histories())
def test_shares_are_shares(warehouse: FeatureWarehouse, history: tuple[dt.date, list[Event]]) -> None:
    """Those that the build holds to it: else one refund would stop everything that reads features."""
    (model,) = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))["models"]
    (shares,) = (test["all_between"] for test in model["data_tests"] if "all_between" in test)
    _, rows = history
    warehouse.load(rows, [])
    users = warehouse.features("user_features", AS_OF, AS_OF)
    assert set(users) == {"u1", "u2", "u3"}
    for features in users.values():
        found = {name: features[name] for name in shares["arguments"]["columns"]}
        assert [one for one in found.items() if one[1] is not None and not 0 <= one[1] <= 1] == []

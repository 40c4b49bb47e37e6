"""A warehouse for generated features."""

from __future__ import annotations

import pytest
from feature_warehouse import FeatureWarehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> FeatureWarehouse:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROFILECTL_WAREHOUSE", str(tmp_path_factory.mktemp("features") / "generated.duckdb"))
        patch.delenv("PROFILECTL_AS_OF", raising=False)
        return FeatureWarehouse(strict=False, name="generated")

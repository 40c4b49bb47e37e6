"""Invariant 2: for any division of the same rows into batches, the marts equal those of one full build.

A history lands batch by batch, with a build after each; then the same raw rows are built at once in another
warehouse, and the first one is refreshed in full. Every mart must be the same, row for row.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from histories import history
from hypothesis import given
from mart_tables import Marts, derived, differences, marts_of, partition, untimed, users_of
from warehouses import WHO, Warehouses, property_of_builds, raw_rows, seeds, some_first_models

from dbt_home import Built

#: Named by what "now" is, and by whether what is known late counts late.
CASES: dict[str, tuple[str | None, bool]] = {
    "the data's own clock": (None, False),
    "a fixed day": ("2024-05-03", False),
    "strict": ("2024-07-01", True),
}


# Nobody trains here: what these show comes from models, and a build only shows it.
FILLED_BY_TRAINING = {"user_recommendations", "user_scores", "user_scores_history", "user_segments"}


@pytest.fixture(params=CASES)
def warehouses(request: pytest.FixtureRequest, tmp_path: Path, manifest: Any) -> Warehouses:
    return Warehouses(tmp_path, manifest, *CASES[request.param])


@property_of_builds
@given(seed=seeds)
def test_batches_a_rebuild_and_a_full_refresh_make_the_same_marts(warehouses: Warehouses, seed: int) -> None:
    chance = random.Random(f"{warehouses.as_of} {warehouses.strict} {seed}")  # noqa: S311 - test rows
    told = history(chance, batches=chance.randint(1, 5) if seed else 3)
    home = warehouses.new()
    for batch in told:
        batch.land(home)
        warehouses.built(home, batch=batch)
    assert [status for status, *_ in raw_rows(home)] == ["taken"], "the history holds files that are refused"
    incremental = marts_of(Built(home.warehouse, {}))
    if len(told) > 2:  # less is too short a history to learn from
        bare = {name for name in incremental if not incremental[name].rows}
        assert bare == FILLED_BY_TRAINING, "empty marts show nothing"

    fresh = marts_of(warehouses.rebuilt(home))
    sides = f"seed {seed}: {len(told)} batches | one build of the same raw rows"
    same(incremental, fresh, sides, warehouses.strict)

    refreshed = marts_of(warehouses.built(home, "--full-refresh"))
    changed = differences(untimed(incremental), untimed(refreshed))
    assert changed == "", f"seed {seed}: {len(told)} batches | after a full refresh\n{changed}"


def same(left: Marts, right: Marts, sides: str, strict: bool = False) -> None:
    changed = differences(derived(left, strict), derived(right, strict))
    assert changed == "", f"{sides}\n{changed}"


@pytest.fixture
def plain(tmp_path: Path, manifest: Any) -> Warehouses:
    return Warehouses(tmp_path, manifest)


@property_of_builds
@given(seed=seeds)
def test_who_is_who_is_right_after_every_batch(plain: Warehouses, seed: int) -> None:
    """Also for all landed at once; users may be called otherwise then, because first knowledge differs."""
    chance = random.Random(seed)  # noqa: S311 - test rows
    # which link is refused to keep two apart depends on what was known first, so nobody decides anything
    told = history(chance, batches=3, worlds=40, overrides=False)
    home, at_once = plain.new(), plain.new()
    for batch in told:
        batch.land(home)
        batches = marts_of(plain.built(home, *WHO, batch=batch))
        if batch.number:
            sides = f"seed {seed}: after batch {batch.number + 1} of {len(told)} | one build of the raw rows"
            same(batches, marts_of(plain.rebuilt(home, *WHO)), sides)
        # a name that sorts after those of earlier batches: the latest delivery counts, as it did in batches
        batch.land(at_once, prefix=f"{batch.number}_")
    together = users_of(plain.built(at_once, "--select", "+identity_map", batch=told[-1]))
    one_by_one = users_of(Built(home.warehouse, {}))
    assert together.keys() == one_by_one.keys()
    apart = partition(one_by_one) ^ partition(together)
    assert apart == set(), f"seed {seed}: {sorted(map(sorted, apart))[:5]}"


@property_of_builds
@given(seed=seeds)
def test_a_build_that_was_killed_leaves_no_trace(plain: Warehouses, manifest: Any, seed: int) -> None:
    """Part of the models ran on a batch; what comes next must not take that for done."""
    chance = random.Random(seed)  # noqa: S311 - test rows
    told = history(chance, batches=4)
    home = plain.new()
    stopped = []
    for batch in told:
        batch.land(home)
        if 0 < batch.number < len(told) - 1:
            stopped.append(some_first_models(manifest, chance))
            plain.built(home, "--select", *stopped[-1], batch=batch)
        else:
            built = plain.built(home, batch=batch)
    ends = " and ".join(f"{len(models)} models to {models[-1]}" for models in stopped)
    sides = f"seed {seed}: builds that stopped after {ends} | one build of the same raw rows"
    same(marts_of(built), marts_of(plain.rebuilt(home)), sides)

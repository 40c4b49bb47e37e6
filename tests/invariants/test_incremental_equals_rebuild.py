"""Invariant 2: for any division of the same rows into batches, the marts equal those of one full build.

A history lands batch by batch, with a build after each; then the same raw rows are built at once in another
warehouse, and the first one is refreshed in full. Every mart must be the same, row for row.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from histories import VARS, Batch, history
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mart_tables import Marts, copy_raw, derived, differences, marts_of, partition, users_of

from dbt_home import Built, Home, loading_at

#: Named by what "now" is, and by whether what is known late counts late.
CASES: dict[str, tuple[str | None, bool]] = {
    "the data's own clock": (None, False),
    "a fixed day": ("2024-05-03", False),
    "strict": (None, True),
}
#: Marts that say who is who, and the models they need: a build of these costs half of a whole one.
WHO = ("--select", "+identity_map", "+dim_users", "+fct_events")

property_of_builds = settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "1")),
    deadline=None,
    derandomize=True,
    # each example is several builds: shrinking would take minutes
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
seeds = st.integers(0, 2**32)


@dataclass
class Warehouses:
    """Makes warehouses for one case, all with the same limits and the same idea of now."""

    folder: Path
    manifest: Any
    as_of: str | None = None
    strict: bool = False
    numbers: Iterator[int] = field(default_factory=count)

    def new(self) -> Home:
        """A home in which nothing was built yet."""
        home = Home(self.folder / str(next(self.numbers)), self.manifest)
        home.extra = {"PROFILECTL_AS_OF": self.as_of} if self.as_of else {}
        return home

    def built(self, home: Home, *options: str, batch: Batch | None = None) -> Built:
        """Build ``home``; a ``batch`` is taken at its time."""
        given = json.dumps(VARS | {"strict_as_of": self.strict})
        seeds = [] if home.target.exists() else ["--resource-type", "seed"]
        with ExitStack() as stack:
            if batch is not None:
                stack.enter_context(loading_at(batch.loaded_at))
            built = home.dbt("build", "--resource-type", "model", *seeds, "--vars", given, *options)
        assert built.failed | built.skipped == set()
        return built

    def rebuilt(self, home: Home, *options: str) -> Built:
        """What one build makes of the raw rows of ``home`` in a warehouse of its own."""
        fresh = self.new()
        copy_raw(home, fresh)
        before = raw_rows(home)
        built = self.built(fresh, *options)
        assert raw_rows(fresh) == before, "the rebuild read files"
        return built


def raw_rows(home: Home) -> list[tuple[Any, ...]]:
    """How many deliveries were taken, and how many refused."""
    counted = "select status, count(*), sum(rows) from raw.load_ledger group by 1 order by 1"
    return Built(home.warehouse, {}).rows(counted)


@pytest.fixture(params=CASES)
def warehouses(request: pytest.FixtureRequest, tmp_path: Path, manifest: Any) -> Warehouses:
    return Warehouses(tmp_path, manifest, *CASES[request.param])


@property_of_builds
@given(seed=seeds)
def test_batches_a_rebuild_and_a_full_refresh_make_the_same_marts(warehouses: Warehouses, seed: int) -> None:
    chance = random.Random(f"{warehouses.as_of} {warehouses.strict} {seed}")  # noqa: S311 - test rows
    told = history(chance, batches=chance.choice([1, 2, 2, 3, 3, 4, 5]) if seed else 3)
    home = warehouses.new()
    for batch in told:
        batch.land(home)
        warehouses.built(home, batch=batch)
    assert [status for status, *_ in raw_rows(home)] == ["taken"], "the history holds files that are refused"
    incremental = marts_of(Built(home.warehouse, {}))
    assert all(incremental[name].rows for name in incremental), "a mart that is empty shows nothing"

    fresh = marts_of(warehouses.rebuilt(home))
    same(incremental, fresh, f"seed {seed}: {len(told)} batches | one build of the same raw rows")

    refreshed = marts_of(warehouses.built(home, "--full-refresh"))
    changed = differences(incremental, refreshed)
    assert changed == "", f"seed {seed}: {len(told)} batches | after a full refresh\n{changed}"


def same(left: Marts, right: Marts, sides: str) -> None:
    changed = differences(derived(left), derived(right))
    assert changed == "", f"{sides}\n{changed}"


@pytest.fixture
def plain(tmp_path: Path, manifest: Any) -> Warehouses:
    return Warehouses(tmp_path, manifest)


@property_of_builds
@given(seed=seeds)
def test_who_is_who_is_right_after_every_batch(plain: Warehouses, seed: int) -> None:
    """Also for all landed at once; users may be called otherwise then, because first knowledge differs."""
    told = history(random.Random(seed), batches=3, worlds=40)  # noqa: S311 - test rows
    home, at_once = plain.new(), plain.new()
    for batch in told:
        batch.land(home)
        batches = marts_of(plain.built(home, *WHO, batch=batch))
        side = f"seed {seed}: after batch {batch.number + 1} of {len(told)} | one build of the same raw rows"
        same(batches, marts_of(plain.rebuilt(home, *WHO)), side)
        # a name that sorts after those of earlier batches: the latest delivery counts, as it did in batches
        batch.land(at_once, prefix=f"{batch.number}_")
    together = users_of(plain.built(at_once, "--select", "+identity_map", batch=told[-1]))
    one_by_one = users_of(Built(home.warehouse, {}))
    assert together.keys() == one_by_one.keys()
    apart = partition(one_by_one) ^ partition(together)
    assert apart == set(), f"seed {seed}: {sorted(map(sorted, apart))[:5]}"


@property_of_builds
@given(seed=seeds)
def test_a_build_that_was_killed_leaves_no_trace(plain: Warehouses, seed: int) -> None:
    """Part of the models ran on a batch; what comes next must not take that for done."""
    chance = random.Random(seed)  # noqa: S311 - test rows
    told = history(chance, batches=4)
    home = plain.new()
    stopped = []
    for batch in told:
        batch.land(home)
        if 0 < batch.number < len(told) - 1:
            stopped.append(some_first_models(plain.manifest, chance))
            plain.built(home, "--select", *stopped[-1], batch=batch)
        else:
            built = plain.built(home, batch=batch)
    ends = " and ".join(f"{len(models)} models to {models[-1]}" for models in stopped)
    sides = f"seed {seed}: builds that stopped after {ends} | one build of the same raw rows"
    same(marts_of(built), marts_of(plain.rebuilt(home)), sides)


def some_first_models(manifest: Any, chance: random.Random) -> list[str]:
    """Models that a build may have finished when it was killed: with each one, all that it needs."""
    needs = {
        node.unique_id: {name for name in node.depends_on.nodes if name.startswith("model.")}
        for node in manifest.nodes.values()
        if node.resource_type == "model"
    }
    size, done = chance.randint(2, len(needs) - 1), list[str]()
    while len(done) < size:
        ready = sorted(name for name in needs.keys() - set(done) if needs[name] <= set(done))
        # files are taken first: a build that was killed before has done nothing
        first = [name for name in ready if name.rpartition(".")[2].startswith("landing_")]
        done.append(chance.choice(first or ready))
    return [name.rpartition(".")[2] for name in done]

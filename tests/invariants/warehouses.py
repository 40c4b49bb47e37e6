"""Warehouses that are built batch by batch, and what to compare them with."""

from __future__ import annotations

import json
import os
import random
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from histories import OVERRIDE, VARS, Batch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from mart_tables import copy_raw

from dbt_home import Built, Home, loading_at

#: Marts that say who is who, and the models they need: a build of these costs half of a whole one.
WHO = ("--select", "+identity_map", "+dim_users", "+fct_events")

property_of_builds = settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "1")),
    derandomize=True,
    # each example is several builds: shrinking would take minutes
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
seeds = st.integers(0, 2**32)


class Warehouses:
    """Makes warehouses for one case, all with the same limits and the same idea of now."""

    def __init__(self, folder: Path, manifest: Any, as_of: str | None = None, strict: bool = False) -> None:
        self.as_of, self.strict = as_of, strict
        self._folder, self._manifest = folder, manifest
        self._numbers = count()
        self._built: set[Home] = set()

    def new(self) -> Home:
        """A home in which nothing was built yet."""
        home = Home(self._folder / str(next(self._numbers)), self._manifest, artefacts=False)
        home.extra = {"PROFILECTL_AS_OF": self.as_of} if self.as_of else {}
        return home

    def built(self, home: Home, *options: str, batch: Batch | None = None) -> Built:
        """Build ``home``; a ``batch`` is taken at its time."""
        given = json.dumps(VARS | {"strict_as_of": self.strict})
        first = [] if home in self._built else ["--resource-type", "seed", "--exclude", OVERRIDE]
        self._built.add(home)
        with ExitStack() as stack:
            if batch is not None:
                batch.decide(home)
                stack.enter_context(loading_at(batch.loaded_at))
            built = home.dbt("build", "--resource-type", "model", *first, "--vars", given, *options)
        assert not built.failed, f"models that could not be built: {sorted(built.failed)}"
        return built

    def rebuilt(self, home: Home, *options: str) -> Built:
        """What one build makes of the raw rows of ``home``, and its overrides, in a warehouse of its own."""
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


def needs_of(manifest: Any) -> dict[str, set[str]]:
    """Which models each model needs, by id."""
    return {
        node.unique_id: {name for name in node.depends_on.nodes if name.startswith("model.")}
        for node in manifest.nodes.values()
        if node.resource_type == "model"
    }


def all_models_but(manifest: Any, last: str) -> list[str]:
    """Models that may have been finished when ``last`` was not: those that do not need it."""
    needs, late = needs_of(manifest), {f"model.user_profiles.{last}"}
    while more := {name for name, needed in needs.items() if needed & late} - late:
        late |= more
    return [name.rpartition(".")[2] for name in sorted(needs.keys() - late)]


def some_first_models(manifest: Any, chance: random.Random) -> list[str]:
    """Models that a build may have finished when it was killed: with each one, all that it needs."""
    needs = needs_of(manifest)
    size, done = chance.randint(2, len(needs) - 1), list[str]()
    while len(done) < size:
        ready = sorted(name for name in needs.keys() - set(done) if needs[name] <= set(done))
        # files are taken first: a build that was killed before has done nothing
        first = [name for name in ready if name.rpartition(".")[2].startswith("landing_")]
        done.append(chance.choice(first or ready))
    return [name.rpartition(".")[2] for name in done]

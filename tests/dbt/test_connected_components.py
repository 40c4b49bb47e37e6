"""The `connected_components` materialisation against scipy, in a project of its own with models of edges."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dbt_home import PROJECT, ROOT, invoke

Edge = tuple[int, int]


def chain(size: int) -> list[Edge]:
    return [(node + 1, node) for node in range(1, size)]


def star(size: int, hub: int) -> list[Edge]:
    return [(hub, node) for node in range(1, size + 1) if node != hub]


def shuffled(edges: Iterable[Edge], seed: int) -> list[Edge]:
    """The same graph under other names, with its edges in another order and direction."""
    chance = random.Random(seed)  # noqa: S311 - a test graph
    edges = list(edges)
    nodes = sorted({node for edge in edges for node in edge})
    names = dict(zip(nodes, chance.sample(range(10 * len(nodes) + 1), len(nodes)), strict=True))
    chance.shuffle(edges)
    renamed = [(names[a], names[b]) for a, b in edges]
    return [edge if chance.random() < 0.5 else edge[::-1] for edge in renamed]


BIPARTITE = [(left, 100 + right) for left in range(60) for right in range(60)]
SHAPES: dict[str, list[Edge]] = {
    "no_edges": [],
    "one_edge": [(7, 3)],
    "only_self_edges": [(1, 1), (2, 2)],
    "self_and_double_edges": [(1, 1), (2, 1), (1, 2), (2, 1), (2, 2), (5, 4), (4, 5)],
    "chain": chain(10_000),
    "shuffled_chain": shuffled(chain(10_000), seed=1),
    "zigzag": [(node, 20_000 - node) for node in range(5_000)]
    + [(node + 1, 20_000 - node) for node in range(4_999)],
    "star_around_first": star(20_000, hub=1),
    "star_around_last": star(20_000, hub=20_000),
    "shuffled_star": shuffled(star(20_000, hub=1), seed=2),
    "bipartite": shuffled(BIPARTITE, seed=3),
    "stars_on_a_chain": chain(200)
    + [(1000 * node + leaf, node) for node in range(1, 201) for leaf in range(20)],
    "cycle": [*chain(999), (1, 999)],
    "binary_tree": shuffled([(node, node // 2) for node in range(2, 4096)], seed=4),
    "far_apart": [(2**62, 1), (2**62, 2**61), (-5, -7), (0, -7)],
}


def expected(edges: Sequence[Edge]) -> dict[int, int]:
    """Label of every node on an edge between two nodes: the smallest node of its component."""
    real = [edge for edge in edges if edge[0] != edge[1]]
    if not real:
        return {}
    nodes, places = np.unique(np.array(real, dtype=np.int64), return_inverse=True)
    ends = places.reshape(-1, 2)
    graph = coo_array((np.ones(len(real)), (ends[:, 0], ends[:, 1])), shape=(len(nodes), len(nodes)))
    _, component = connected_components(graph, directed=False)
    smallest = np.full(component.max() + 1, nodes[-1])
    np.minimum.at(smallest, component, nodes)
    return dict(zip(nodes.tolist(), smallest[component].tolist(), strict=True))


class Solver:
    """A dbt project with the macros under test and one model per graph."""

    def __init__(self, folder: Path, graphs: Iterable[str]) -> None:
        self.warehouse = folder / "warehouse.duckdb"
        self._folder = folder
        models = folder / "dbt_project" / "models"
        models.mkdir(parents=True)
        macros = PROJECT / "macros" / "identity"
        (folder / "dbt_project" / "dbt_project.yml").write_text(
            f"name: graphs\nversion: '1.0.0'\nprofile: user_profiles\nmacro-paths: ['{macros}']\n"
            "models: {graphs: {+materialized: connected_components}}\n"
        )
        (folder / "profiles.yml").write_bytes((ROOT / "profiles.yml").read_bytes())
        for name in graphs:
            (models / f"{name}.sql").write_text(f"select hi, lo from edges.{name}")
        self._environment = {"PROFILECTL_WAREHOUSE": str(self.warehouse), "PROFILECTL_THREADS": "1"}
        self._manifest = self._dbt("parse")

    def solve(self, graphs: dict[str, list[Edge]]) -> dict[str, list[Edge]]:
        """Rows (id, label) of the table made from each graph."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("create schema if not exists edges")
            for name, edges in graphs.items():
                connection.execute(f"create or replace table edges.{name} (hi bigint, lo bigint)")
                highs, lows = [hi for hi, _ in edges], [lo for _, lo in edges]
                connection.execute(f"insert into edges.{name} select unnest(?), unnest(?)", [highs, lows])
        result = self._dbt("run", "--select", *graphs)
        assert [str(one.status) for one in result.results] == ["success"] * len(graphs)
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            left = connection.execute(
                "select table_name from duckdb_tables() where table_name like '%\\_\\_cc%' escape '\\'"
            ).fetchall()
            assert left == [], "scratch tables were left behind"
            return {
                name: connection.execute(f"select id, label from main.{name} order by id").fetchall()
                for name in graphs
            }

    def _dbt(self, *command: str) -> Any:
        manifest = getattr(self, "_manifest", None)
        return invoke(command, self._environment, self._folder / "target", manifest, root=self._folder)


@pytest.fixture(scope="module")
def solver(tmp_path_factory: pytest.TempPathFactory) -> Solver:
    return Solver(tmp_path_factory.mktemp("graphs"), [*SHAPES, "generated"])


def test_shapes(solver: Solver) -> None:
    solved = solver.solve(SHAPES)
    for name, edges in SHAPES.items():
        assert solved[name] == sorted(expected(edges).items()), name


def test_a_second_run_replaces_the_first(solver: Solver) -> None:
    assert solver.solve({"generated": [(2, 1), (4, 3)]}) == {"generated": [(1, 1), (2, 1), (3, 3), (4, 3)]}
    assert solver.solve({"generated": [(9, 8)]}) == {"generated": [(8, 8), (9, 8)]}


small_graphs = st.integers(1, 40).flatmap(
    lambda nodes: st.lists(st.tuples(st.integers(0, nodes), st.integers(0, nodes)), max_size=60)
)


@settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "5")),
    deadline=None,
    # each example is a build: shrinking would take minutes
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(graphs=st.lists(small_graphs, min_size=20, max_size=60), seed=st.integers(0, 2**32))
def test_generated_graphs(solver: Solver, graphs: list[list[Edge]], seed: int) -> None:
    """One run solves many graphs that share no node: a component must not reach into the next one."""
    apart = [(place * 100 + a, place * 100 + b) for place, graph in enumerate(graphs) for a, b in graph]
    mixed = shuffled(apart, seed)
    solved = solver.solve({"generated": mixed})
    assert solved["generated"] == sorted(expected(mixed).items())

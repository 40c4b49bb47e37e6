"""The `connected_components` materialisation against scipy, in a project of its own with models of edges."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dbt_home import PROJECT, ROOT, invoke

Edge = tuple[int, int]
#: One edge, or one (id, label), per row.
Pairs = npt.NDArray[np.int64]
Graph = Sequence[Edge] | Pairs


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


SHAPES: dict[str, list[Edge]] = {
    "no_edges": [],
    "one_edge": [(7, 3)],
    "only_self_edges": [(1, 1), (2, 2)],
    "self_and_double_edges": [(1, 1), (2, 1), (1, 2), (2, 1), (2, 2), (5, 4), (4, 5)],
    "zigzag": [(node, 20_000 - node) for node in range(5_000)]
    + [(node + 1, 20_000 - node) for node in range(4_999)],
    "star_around_first": star(20_000, hub=1),
    "stars_on_a_chain": chain(200)
    + [(1000 * node + leaf, node) for node in range(1, 201) for leaf in range(20)],
    "cycle": [*chain(999), (1, 999)],
    "binary_tree": shuffled([(node, node // 2) for node in range(2, 4096)], seed=4),
    "far_apart": [(2**62, 1), (2**62, 2**61), (-5, -7), (0, -7)],
}


def large_shapes() -> dict[str, Pairs]:
    """As large as the worst that real identifiers make; each also in disorder and with needless edges."""
    nodes = np.arange(100_001, dtype=np.int64)
    left, right = np.divmod(np.arange(300 * 300, dtype=np.int64), 300)
    shapes = {
        "long_chain": np.column_stack([nodes[1:], nodes[:-1]]),
        "large_hub": np.column_stack([np.full(100_000, 100_000), nodes[:-1]]),
        "large_bipartite": np.column_stack([left, 1_000 + right]),
    }
    return shapes | {f"mixed_{name}": mixed(edges) for name, edges in shapes.items()}


def mixed(edges: Pairs) -> Pairs:
    """The same graph under other names, in another order, with edges told twice or turned, and self-edges."""
    chance = np.random.default_rng(6)
    renamed = chance.permutation(4 * int(edges.max() + 1))[edges]
    again = chance.choice(renamed, len(renamed) // 4)
    itself = np.repeat(chance.choice(renamed.ravel(), 1_000)[:, None], 2, axis=1)
    return chance.permutation(np.vstack([renamed, again[::2], again[1::2, ::-1], itself]))


def expected(edges: Graph) -> Pairs:
    """Every node on an edge between two nodes, with its label: the smallest node of its component."""
    given = np.array(edges, dtype=np.int64).reshape(-1, 2)
    real: Pairs = given[given[:, 0] != given[:, 1]]
    if not len(real):
        return real
    nodes, places = np.unique(real, return_inverse=True)
    ends = places.reshape(-1, 2)
    graph = coo_array((np.ones(len(real)), (ends[:, 0], ends[:, 1])), shape=(len(nodes), len(nodes)))
    _, component = connected_components(graph, directed=False)
    smallest = np.full(component.max() + 1, nodes[-1])
    np.minimum.at(smallest, component, nodes)
    labelled: Pairs = np.column_stack([nodes, smallest[component]])
    return labelled


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

    def solve(self, graphs: Mapping[str, Graph]) -> dict[str, Pairs]:
        """Rows (id, label) of the table made from each graph."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("create schema if not exists edges")
            for name, edges in graphs.items():
                pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
                connection.register("pairs", pa.table({"hi": pairs[:, 0], "lo": pairs[:, 1]}))
                connection.execute(f"create or replace table edges.{name} as from pairs")
                connection.unregister("pairs")
        result = self._dbt("run", "--select", *graphs)
        assert [str(one.status) for one in result.results] == ["success"] * len(graphs)
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            left = connection.execute(
                "select table_name from duckdb_tables() where table_name like '%\\_\\_cc%' escape '\\'"
            ).fetchall()
            assert left == [], "scratch tables were left behind"
            return {name: read(connection, name) for name in graphs}

    def _dbt(self, *command: str) -> Any:
        manifest = getattr(self, "_manifest", None)
        return invoke(command, self._environment, self._folder / "target", manifest, root=self._folder)


def read(connection: duckdb.DuckDBPyConnection, table: str) -> Pairs:
    columns = connection.execute(f"select id, label from main.{table} order by id").fetchnumpy()
    return np.column_stack([np.asarray(columns[name], dtype=np.int64) for name in ("id", "label")])


@pytest.fixture(scope="module")
def solver(tmp_path_factory: pytest.TempPathFactory) -> Solver:
    return Solver(tmp_path_factory.mktemp("graphs"), [*SHAPES, *large_shapes(), "generated"])


def test_shapes(solver: Solver) -> None:
    shapes: dict[str, Graph] = {**SHAPES, **large_shapes()}
    solved = solver.solve(shapes)
    for name, edges in shapes.items():
        assert differing(solved[name], expected(edges)) == [], name


def differing(found: Pairs, wanted: Pairs, most: int = 5) -> list[tuple[str, Edge]]:
    """The first rows that only one of the two has."""
    if np.array_equal(found, wanted):
        return []
    sides = {"found": set(map(tuple, found.tolist())), "expected": set(map(tuple, wanted.tolist()))}
    shared = sides["found"] & sides["expected"]
    # equal sets in another order, or with a row twice, differ too
    apart = [(side, row) for side, rows in sides.items() for row in sorted(rows - shared)[:most]]
    return apart or [("found", (len(found), len(shared)))]


def test_a_second_run_replaces_the_first(solver: Solver) -> None:
    first = solver.solve({"generated": [(2, 1), (4, 3)]})["generated"]
    assert first.tolist() == [[1, 1], [2, 1], [3, 3], [4, 3]]
    assert solver.solve({"generated": [(9, 8)]})["generated"].tolist() == [[8, 8], [9, 8]]


small_graphs = st.integers(1, 40).flatmap(
    lambda nodes: st.lists(st.tuples(st.integers(0, nodes), st.integers(0, nodes)), max_size=60)
)


@settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "5")),
    # each example is a build: shrinking would take minutes
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(graphs=st.lists(small_graphs, min_size=20, max_size=60), seed=st.integers(0, 2**32))
def test_generated_graphs(solver: Solver, graphs: list[list[Edge]], seed: int) -> None:
    """One run solves many graphs that share no node: a component must not reach into the next one."""
    apart = [(place * 100 + a, place * 100 + b) for place, graph in enumerate(graphs) for a, b in graph]
    named = shuffled(apart, seed)
    solved = solver.solve({"generated": named})
    assert differing(solved["generated"], expected(named)) == []

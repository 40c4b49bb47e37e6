"""The chains of `profilectl why`, on graphs."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from profilectl.explaining import shortest_paths

links = st.lists(st.tuples(st.integers(0, 12), st.integers(100, 112)), max_size=40)


def distances(pairs: list[tuple[int, int]], root: int) -> dict[int, int]:
    """Fewest records to each identifier, by relaxing until nothing changes: no search order, no early end."""
    found = {root: 0}
    while True:
        better = {
            other: found[number] + 1
            for key, number in pairs
            if number in found
            for same, other in pairs
            if same == key and found[number] + 1 < found.get(other, 10**9)
        }
        if not better:
            return found
        for other, far in better.items():
            found[other] = min(far, found.get(other, far))


@given(pairs=links, root=st.integers(100, 112))
def test_every_chain_is_real_and_none_is_shorter(pairs: list[tuple[int, int]], root: int) -> None:
    tree = shortest_paths(pairs, root)
    expected = distances(pairs, root)
    assert set(tree) == set(expected)
    for number, (before, key) in tree.items():
        if number != root:
            assert {(key, before), (key, number)} <= set(pairs)
            assert expected[before] + 1 == expected[number]


@given(pairs=links, root=st.integers(100, 112))
def test_the_order_of_rows_changes_nothing(pairs: list[tuple[int, int]], root: int) -> None:
    assert shortest_paths(pairs, root) == shortest_paths(pairs[::-1] + pairs, root)


def test_long_chains_and_large_hubs_end() -> None:
    size = 100_000
    chain = [(key, number) for key, both in enumerate(pairwise(range(size))) for number in both]
    hub = [(key, number) for key in range(size) for number in (0, key + 1)]
    crowd = [(1, number) for number in range(size)]
    started = time.process_time()
    for pairs in (chain, hub, crowd):
        assert len(shortest_paths(pairs, 0)) >= size
    assert time.process_time() - started < 20  # a hub walked from every spoke would take hours

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilectl_ml.compiling.columns import Number, stepped, through
from profilectl_ml.compiling.numbers import LARGEST, last_at_most, literal

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, min_size=1, max_size=20))
def test_a_literal_reads_back_as_the_same_bits(numbers: list[float]) -> None:
    query = f"select unnest([{', '.join(map(literal, numbers))}])"
    found = [value for (value,) in duckdb.sql(query).fetchall()]
    assert np.array_equal(np.array(found), np.array(numbers) + 0.0)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_not_finite_has_no_literal(number: float) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        literal(number)


@given(
    mean=st.floats(-1e9, 1e9),
    scale=st.floats(1e-6, 1e9),
    limits=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=5),
    root=st.booleans(),
    to_32_bits=st.booleans(),
)
def test_a_threshold_moved_through_scaling_and_rounding_is_exact(
    mean: float, scale: float, limits: list[float], root: bool, to_32_bits: bool
) -> None:
    column = Number(0)
    for name in (["root"] if root else []) + ["subtract", "divide"] + (["to_32_bits"] if to_32_bits else []):
        column = stepped(column, name, {"subtract": mean, "divide": scale}.get(name, 0.0))

    def image(x: np.ndarray) -> np.ndarray:
        return through(column.steps, x)

    found, given_limits = last_at_most(image, np.array(limits)), np.array(limits)
    inside = np.isfinite(found) & (np.abs(found) < LARGEST)
    assert (image(found) <= given_limits)[inside].all()
    assert not (image(np.nextafter(found, np.inf)) <= given_limits)[inside].any()


def test_what_nothing_or_everything_fulfils() -> None:
    found = last_at_most(lambda x: x, np.array([-np.inf, np.inf]))
    assert found.tolist() == [-np.inf, LARGEST]

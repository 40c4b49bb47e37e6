"""Features as numbers: the same ones that SQL makes of a column."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from profilectl_ml.layout import floats


@given(scale=st.integers(0, 20), digits=st.lists(st.integers(-(10**20), 10**20) | st.none(), min_size=1))
def test_a_decimal_is_the_number_that_sql_makes_of_it(scale: int, digits: list[int | None]) -> None:
    values = [None if d is None else Decimal(d).scaleb(-scale) for d in digits]
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select x, cast(x as double) as number from (select unnest(?::decimal(38, {scale})[]) as x)",
            [values],
        ).to_arrow_table()
    ours = floats(found.column("x"), "x")
    assert np.array_equal(ours, floats(found.column("number"), "number"), equal_nan=True)

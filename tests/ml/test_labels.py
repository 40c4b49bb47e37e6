"""Labels of any type: numbers as they are, a clear error for what is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from profilectl_ml.data import has_label, label_of
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.tasks import Positive, Task

BIG = 2**53 + 1


def column(*values: Any) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(list(values))])


def test_numbers_larger_than_floats_count_by_one_are_labels(spend_task: Task) -> None:
    assert label_of(column(1, BIG), spend_task).tolist() == [1.0, float(2**53)]
    above = replace(spend_task, kind="classification", positive=Positive("above", 10.0))
    assert np.array_equal(label_of(column(1, BIG), above), [0.0, 1.0])


@pytest.mark.parametrize("value", [date(2024, 1, 1), "many", {"a": 1}])
def test_what_is_no_number_is_named_with_its_type(spend_task: Task, value: Any) -> None:
    above = replace(spend_task, kind="classification", positive=Positive("above", 10.0))
    for task in (above, spend_task):
        with pytest.raises(ProfilectlError, match=r"label_spend_next_28d is of type|holds texts"):
            label_of(column(value, value), task)


def test_infinite_labels_are_counted_and_can_be_left_empty(spend_task: Task) -> None:
    with pytest.raises(ProfilectlError, match=r"infinite or not a number in 2 row\(s\)") as raised:
        label_of(column(1.0, float("inf"), float("-inf")), spend_task)
    assert "leave their label empty" in str(raised.value.hint)


@pytest.mark.parametrize("kind", ["double", "float"])
def test_no_number_of_either_sign_is_no_label(kind: str) -> None:
    with duckdb.connect() as connection:
        values = pa.table({"y": [1.0, float("nan"), -float("nan"), None, float("-inf")]})
        connection.register("values_of_numpy", values)
        connection.execute(f"create table t as select y::{kind} as y from values_of_numpy")
        found = connection.execute(f"select y from t where {has_label('y')}").fetchall()
    assert found == [(1.0,), (-np.inf,)]

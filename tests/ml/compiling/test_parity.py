"""Invariant 7: a score from SQL equals the score from scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scored_frames import (
    CLASSIFIERS,
    LAYOUT,
    REGRESSORS,
    TAME_REGRESSORS,
    labels,
    mart_in,
    matrix_of,
    on_thresholds,
    random_mart,
)
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeRegressor

from profilectl_ml.compiling import NotCompilable, compile_model, parity, sql
from profilectl_ml.compiling.numbers import literal
from profilectl_ml.errors import ProfilectlError

ALL = {**REGRESSORS, **TAME_REGRESSORS, **CLASSIFIERS}
TREES = [name for name in ALL if "tree" in name or "boosting" in name or "forest" in name]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def fitted(
    name: str, seed: int, connection: duckdb.DuckDBPyConnection, exponent: int = 0
) -> tuple[Any, pd.DataFrame]:
    frame = random_mart(seed, exponent=exponent)
    mart_in(connection, frame)
    matrix = matrix_of(connection)
    if name in ("raw histogram boosting", "categorical boosting", "class categorical boosting"):
        matrix[:2, 3] = 1.0, 2.0  # scikit-learn cannot bin an empty column
    return ALL[name]().fit(matrix, labels(matrix, name in CLASSIFIERS)), frame


@pytest.mark.parametrize("name", ALL)
@given(seed=st.integers(0, 2**32 - 2), exponent=st.integers(-3, 6), stretch=st.integers(-2, 2))
@settings(max_examples=4, phases=[Phase.generate])
def test_sql_scores_every_row_as_scikit_learn_does(name: str, seed: int, exponent: int, stretch: int) -> None:
    with duckdb.connect() as connection:
        model, frame = fitted(name, seed, connection, exponent)
        tame = name in TAME_REGRESSORS
        other = random_mart(seed + 1, exponent=exponent + (0 if tame else stretch), wild=not tame)
        rows = [frame, other, on_thresholds(model, frame)]
        relation = mart_in(connection, pd.concat([one for one in rows if len(one)], ignore_index=True))
        compiled = compile_model(model, LAYOUT, minimum=0.5)
        found = parity(connection, compiled, model, LAYOUT, relation, minimum=0.5, batch_rows=100)
        assert found.rows >= 320
        assert compiled == compile_model(model, LAYOUT, minimum=0.5)


def rounded(value: float) -> str:
    """A literal as a compiler with 32-bit thresholds writes it."""
    return literal(float(np.float32(value)) if abs(value) < 1e38 else value)


@pytest.mark.parametrize("name", TREES)
def test_a_threshold_of_32_bits_would_be_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect() as connection:
        model, frame = fitted(name, 11, connection)
        relation = mart_in(connection, pd.concat([frame, on_thresholds(model, frame)], ignore_index=True))
        parity(connection, compile_model(model, LAYOUT), model, LAYOUT, relation)
        monkeypatch.setattr(sql, "literal", rounded)
        broken = compile_model(model, LAYOUT)
        with pytest.raises(ProfilectlError, match=r"SQL gives .* where scikit-learn gives"):
            parity(connection, broken, model, LAYOUT, relation, tolerance=1e-4)


def test_a_difference_names_task_row_and_both_values() -> None:
    with duckdb.connect() as connection:
        model, frame = fitted("linear", 3, connection)
        other, _ = fitted("linear", 4, connection)
        relation = mart_in(connection, frame)
        with pytest.raises(ProfilectlError, match=r"task spend: SQL gives .* \(row \d+: spend = "):
            parity(connection, compile_model(model, LAYOUT), other, LAYOUT, relation, task="spend")


def test_integers_decimals_and_enums_are_read_as_the_matrix_reads_them() -> None:
    with duckdb.connect() as connection:
        model, _ = fitted("forest", 5, connection)
        connection.execute(
            "create or replace table mart as select spend::decimal(38, 6) as spend,"
            " visits::hugeint as visits, gap::real as gap,"
            " empty::tinyint as empty, flag, rate::decimal(9, 2) as rate,"
            " band::enum('18-24', '25-34', 'it''s', 'new') as band, \"odd \"\"name\"\"\" from mart"
        )
        assert parity(connection, compile_model(model, LAYOUT), model, LAYOUT, "mart").rows == 160


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (MLPRegressor(max_iter=2), "MLPRegressor has no translation"),
        (RandomForestRegressor(30), r"[\d,]+ tree nodes, at most 5,000 are compiled"),
        (DecisionTreeRegressor(), r"a tree of depth \d+, at most 100 is compiled"),
    ],
)
def test_what_is_not_compiled_says_why(model: Any, reason: str) -> None:
    matrix = np.tile(np.arange(300.0)[:, None], (1, len(LAYOUT.names)))
    model.fit(matrix, 2.0 ** np.arange(300.0) if isinstance(model, DecisionTreeRegressor) else matrix[:, 0])
    with pytest.raises(NotCompilable, match=reason):
        compile_model(model, LAYOUT)


def test_a_linear_model_without_imputing_gives_no_score_where_a_value_is_missing() -> None:
    with duckdb.connect() as connection:
        relation = mart_in(connection, random_mart(1))
        model = Ridge().fit(np.nan_to_num(matrix_of(connection)), np.arange(160.0))
        query = compile_model(model, LAYOUT).select(relation, [("gap", "gap"), ("band", "band")])
        wrong = f"select count(*) from ({query}) where (isnan(gap) or band is null) <> (score is null)"
        assert connection.execute(wrong).fetchall() == [(0,)]

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeRegressor

from profilectl_ml.compiling import translate
from profilectl_ml.compiling.formula import Tree
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.estimators import CalibratedModel, ColumnLevel, ResidualRegressor, RootRegressor
from profilectl_ml.explaining import Explainer, reasons, write_reasons
from profilectl_ml.layout import Layout
from profilectl_ml.predicting import raw_predictions
from profilectl_ml.preprocessing import plain, preprocessing
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.tasks import Task
from profilectl_ml.training import train

LAYOUT = Layout(("a", "b", "c", "d"), {"d": ("x", "y", "z")})


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def rows(seed: int = 0, count: int = 200) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    matrix = np.column_stack(
        [
            rng.normal(50, 20, count),
            rng.integers(0, 4, count),
            rng.normal(size=count),
            rng.integers(0, 3, count),
        ]
    )
    matrix[rng.random(count) < 0.2, 1] = np.nan
    matrix[rng.random(count) < 0.1, 3] = np.nan
    target = matrix[:, 0] + 10 * np.isnan(matrix[:, 1]) + 8 * (matrix[:, 3] == 1) * matrix[:, 2]
    return matrix, np.clip(target, 0, None)


def _weighing(model: Any, **options: Any) -> Any:
    return Pipeline([("prepare", preprocessing(LAYOUT, **options)), ("model", model)])


def _splitting(model: Any) -> Any:
    return Pipeline([("prepare", plain(LAYOUT)), ("model", model)])


def _boosted(**options: Any) -> Any:
    return HistGradientBoostingRegressor(max_iter=10, max_leaf_nodes=8, min_samples_leaf=5, **options)


MODELS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "linear": (lambda: _weighing(Ridge()), "exact", "score"),
    "roots": (lambda: RootRegressor(_weighing(Ridge(), root=True)), "exact", "score"),
    "level": (lambda: ColumnLevel(1, 2.0), "exact", "score"),
    "poisson": (lambda: _weighing(PoissonRegressor()), "exact", "log"),
    "logistic": (lambda: _weighing(LogisticRegression()), "exact", "log-odds"),
    "tree": (lambda: _splitting(DecisionTreeRegressor(max_depth=5)), "treeshap", "score"),
    "deep tree": (lambda: DecisionTreeRegressor(min_samples_leaf=2), "treeshap", "score"),
    "forest": (lambda: _splitting(RandomForestRegressor(5, random_state=0)), "treeshap", "score"),
    "boosting": (lambda: _splitting(_boosted()), "treeshap", "score"),
    "categories": (lambda: _boosted(categorical_features=[3]), "treeshap", "score"),
    "log boosting": (lambda: _splitting(_boosted(loss="poisson")), "treeshap", "log"),
    "calibrated": (
        lambda: CalibratedModel(_splitting(HistGradientBoostingClassifier(max_iter=10)), 1.3, -0.2),
        "treeshap",
        "log-odds",
    ),
    "sum": (
        lambda: VotingRegressor(
            [("r", ResidualRegressor(_weighing(Ridge()), _splitting(_boosted()))), ("l", ColumnLevel(0))],
            weights=[3, 1],
        ),
        "treeshap",
        "score",
    ),
    "mean of a log model": (
        lambda: VotingRegressor([("p", _splitting(_boosted(loss="poisson"))), ("l", ColumnLevel(0))]),
        "rescaled",
        "score",
    ),
}


def fitted(name: str) -> tuple[Any, Any]:
    matrix, target = rows()
    model = MODELS[name][0]()
    classifies = name in ("logistic", "calibrated")
    return model.fit(matrix, (target > 50).astype(float) if classifies else target + 0.1), matrix


@pytest.mark.parametrize("name", MODELS)
def test_contributions_add_up_to_the_score(name: str) -> None:
    model, matrix = fitted(name)
    explainer = Explainer(model, LAYOUT, matrix)
    assert (explainer.method, explainer.unit) == MODELS[name][1:]
    unseen = np.array([[120.0, np.nan, -7.0, -1.0], [np.nan, 2.0, np.nan, np.nan]])
    asked = np.concatenate([matrix, unseen])
    link = {"score": lambda x: x, "log": np.log, "log-odds": logit}[explainer.unit]
    total = explainer.base + explainer.contributions(asked).sum(axis=1)
    assert total == pytest.approx(link(raw_predictions(model, asked)), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["linear", "logistic"])
def test_a_linear_contribution_is_weight_times_distance_from_the_mean(name: str) -> None:
    model, matrix = fitted(name)
    found = Explainer(model, LAYOUT, matrix).contributions(matrix)
    moved = matrix.copy()
    moved[:, 0] += 1.0
    step = Explainer(model, LAYOUT, matrix).contributions(moved) - found
    weight = (
        np.ravel(model.named_steps["model"].coef_)[0]
        / model.named_steps["prepare"].named_transformers_["numeric"].named_steps["scale"].scale_[0]
    )
    assert step[:, 0] == pytest.approx(np.full(len(matrix), weight))
    assert np.abs(found.mean(axis=0)).max() < 1e-9


@given(seed=st.integers(0, 1000), depth=st.integers(1, 5))
@settings(max_examples=10)
def test_trees_get_the_shapley_values_of_all_subsets(seed: int, depth: int) -> None:
    matrix, target = rows(seed, 120)
    for model in (
        _splitting(DecisionTreeRegressor(max_depth=depth)),
        HistGradientBoostingRegressor(max_iter=1, max_leaf_nodes=2**depth, min_samples_leaf=2),
    ):
        model.fit(matrix, target)
        formula = translate(model, LAYOUT)
        found = Explainer(model, LAYOUT).contributions(matrix[:5])
        for row, contributions in zip(matrix[:5], found, strict=True):
            assert contributions == pytest.approx(brute_force(formula.trees[0], row), abs=1e-9)


def brute_force(tree: Tree, row: Any) -> list[float]:
    def value(known: tuple[int, ...], place: int = 0) -> float:
        node, split = tree[place], tree[place].split
        if split is None:
            return node.value
        if split.feature not in known:
            ways = (split.left, split.right)
            return sum(value(known, way) * tree[way].cover for way in ways) / node.cover
        x = row[split.feature]
        if np.isnan(x):
            left = split.missing_left
        elif split.codes is None:
            left = x <= split.threshold
        else:
            left = (x in split.codes) == split.codes_left
        return value(known, split.left if left else split.right)

    players, out = range(len(row)), []
    for player in players:
        rest, total = [p for p in players if p != player], 0.0
        for size in range(len(rest) + 1):
            weight = math.factorial(size) * math.factorial(len(rest) - size) / math.factorial(len(row))
            for known in combinations(rest, size):
                total += weight * (value((*known, player)) - value(known))
        out.append(total)
    return out


def test_a_network_is_explained_by_occlusion_beside_training_rows() -> None:
    matrix, target = rows()
    model = _weighing(MLPRegressor(hidden_layer_sizes=(4,), max_iter=20, random_state=0)).fit(matrix, target)
    with pytest.raises(ProfilectlError, match="only beside training rows"):
        Explainer(model, LAYOUT)
    explainer = Explainer(model, LAYOUT, matrix)
    assert explainer.method == "occlusion"
    changed = matrix.copy()
    changed[:, 2] = np.median(matrix[:, 2])
    expected = raw_predictions(model, matrix) - raw_predictions(model, changed)
    assert explainer.contributions(matrix)[:, 2] == pytest.approx(expected)


def test_the_strongest_come_first() -> None:
    model, matrix = fitted("boosting")
    found = reasons(model, LAYOUT, matrix, top=2)
    assert found.feature.shape == found.contribution.shape == (200, 2)
    assert (np.abs(found.contribution[:, 0]) >= np.abs(found.contribution[:, 1])).all()
    assert (found.feature[:, 0] != found.feature[:, 1]).all()


def test_everyone_gets_reasons_in_the_warehouse(
    make_marts: Callable[..., duckdb.DuckDBPyConnection], quick_task: Task
) -> None:
    connection = make_marts()
    result = train(connection, quick_task)
    from profilectl_ml.registry import serving_model

    model = serving_model(connection, quick_task.name)
    create_ml_tables(connection)
    one, other = (Explainer(m, model.layout) for m in (model.estimator, model.baseline))
    for _ in range(2):  # written anew, not added to
        written = write_reasons(
            connection, quick_task, model.layout, one, other, model_id=result.model_id, top=3
        )
        (counted,) = connection.execute("select count(*) from ml.score_reasons").fetchall()
        assert counted == (written,)
    best = connection.execute(
        "select count(distinct user_id), bool_and(value is not null) from ml.score_reasons"
        " where rank = 1 and method = 'exact' and feature in ('visits', 'spend_84d', 'spend_ewma_8w')"
    ).fetchall()
    assert best[0][0] > 60
    assert best[0][1]

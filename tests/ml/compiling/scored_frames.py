"""Random marts to fit on and to score, and the fitted models that are compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import SelectPercentile, f_regression
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from profilectl_ml.compiling import translate
from profilectl_ml.compiling.formula import Apply, Clip, Formula, Linear, Trees
from profilectl_ml.estimators import (
    CalibratedModel,
    ColumnLevel,
    LogRegressor,
    NonNegativeTarget,
    ResidualRegressor,
    RootRegressor,
)
from profilectl_ml.layout import Layout
from profilectl_ml.preprocessing import plain, preprocessing

LAYOUT = Layout(
    ("spend", "visits", "gap", "empty", "flag", "rate", "band", 'odd "name"'),
    {"band": ("18-24", "25-34", "it's"), 'odd "name"': ("x", "y")},
)
Build = Callable[[], Any]


def _weighing(model: Any, **options: Any) -> Any:
    return Pipeline([("prepare", preprocessing(LAYOUT, **options)), ("model", model)])


def _splitting(model: Any) -> Any:
    return Pipeline([("prepare", plain(LAYOUT)), ("model", model)])


def _boosted(loss: str = "squared_error", **options: Any) -> Any:
    return HistGradientBoostingRegressor(
        loss=loss, max_iter=8, min_samples_leaf=5, max_leaf_nodes=6, **options
    )


def _boosted_classes(**options: Any) -> Any:
    return HistGradientBoostingClassifier(max_iter=8, min_samples_leaf=5, max_leaf_nodes=6, **options)


def _voting() -> Any:
    straight = VotingRegressor([("a", Ridge()), ("b", ResidualRegressor(Ridge(), _boosted()))])
    members = [("s", _weighing(straight)), ("r", RootRegressor(_weighing(Ridge(), root=True)))]
    return VotingRegressor([*members, ("l", ColumnLevel(0, 0.5))], weights=[2.0, 1.0, 1.0])


def _selected() -> Any:
    steps = [("prepare", preprocessing(LAYOUT)), ("pick", SelectPercentile(f_regression, percentile=60))]
    return Pipeline([*steps, ("pass", "passthrough"), ("model", LinearRegression())])


_TREE = {"max_depth": 5, "min_samples_leaf": 2, "random_state": 0}
_FEW = {"n_estimators": 6, **_TREE}

REGRESSORS: dict[str, Build] = {
    "linear": lambda: _weighing(LinearRegression()),
    "ridge on roots": lambda: _weighing(Ridge(10.0), root=True),
    "ridge on logarithms": lambda: _weighing(Ridge(10.0), log=True),
    "lasso, half the columns": lambda: _weighing(Lasso(0.1), keep=50),
    "elastic net": lambda: _weighing(ElasticNet(0.1)),
    "selected": _selected,
    "scaled target": lambda: TransformedTargetRegressor(_weighing(Ridge()), transformer=StandardScaler()),
    "log target": lambda: TransformedTargetRegressor(
        _splitting(_boosted()), func=np.log1p, inverse_func=np.expm1
    ),
    "level": lambda: ColumnLevel(1, 0.25),
    "mean": lambda: DummyRegressor(),
    "root": lambda: RootRegressor(_weighing(Ridge())),
    "logarithm": lambda: LogRegressor(_weighing(Ridge(100.0), root=True)),
    "tree": lambda: _splitting(DecisionTreeRegressor(**_TREE)),
    "raw tree": lambda: DecisionTreeRegressor(**_TREE),
    "tree on scaled columns": lambda: _weighing(DecisionTreeRegressor(**_TREE), root=True),
    "forest": lambda: _splitting(RandomForestRegressor(**_FEW)),
    "extra trees": lambda: _splitting(ExtraTreesRegressor(**_FEW)),
    "gradient boosting": lambda: _weighing(GradientBoostingRegressor(**_FEW)),
    "histogram boosting": lambda: _splitting(_boosted()),
    "raw histogram boosting": lambda: _boosted(),
    "categorical boosting": lambda: _boosted(categorical_features=[6, 7]),
    "poisson boosting": lambda: NonNegativeTarget(_splitting(_boosted("poisson"))),
    "gamma boosting": lambda: _splitting(_boosted("gamma")),
    "quantile boosting": lambda: _splitting(_boosted("quantile", quantile=0.7)),
    "absolute boosting": lambda: _splitting(_boosted("absolute_error")),
    "voting": _voting,
}
# An exponential of a wild value is infinite, in scikit-learn too.
TAME_REGRESSORS: dict[str, Build] = {
    "poisson": lambda: _weighing(PoissonRegressor(alpha=1.0)),
    "gamma": lambda: _weighing(GammaRegressor(alpha=1.0)),
    "tweedie": lambda: _weighing(TweedieRegressor(power=1.5, alpha=1.0)),
    "normal": lambda: _weighing(TweedieRegressor(power=0.0, alpha=1.0)),
}
CLASSIFIERS: dict[str, Build] = {
    "logistic": lambda: _weighing(LogisticRegression()),
    "lasso logistic": lambda: _weighing(LogisticRegression(l1_ratio=1.0, solver="liblinear"), root=True),
    "share": lambda: DummyClassifier(strategy="prior"),
    "class tree": lambda: _splitting(DecisionTreeClassifier(**_TREE)),
    "class forest": lambda: _splitting(RandomForestClassifier(**_FEW)),
    "class extra trees": lambda: _splitting(ExtraTreesClassifier(**_FEW)),
    "class gradient boosting": lambda: _weighing(GradientBoostingClassifier(**_FEW)),
    "exponential boosting": lambda: _weighing(GradientBoostingClassifier(loss="exponential", **_FEW)),
    "class boosting": lambda: _splitting(_boosted_classes()),
    "class categorical boosting": lambda: _boosted_classes(categorical_features=[6, 7]),
    "voting classes": lambda: VotingClassifier(
        [("a", _weighing(LogisticRegression())), ("b", _splitting(_boosted_classes()))],
        voting="soft",
        weights=[0.25, 0.75],
    ),
    "calibrated": lambda: CalibratedModel(_splitting(_boosted_classes()), 1.4, -0.3),
}


def random_mart(seed: int, rows: int = 160, exponent: int = 0, wild: bool = False) -> pd.DataFrame:
    """A features mart, amounts times ``10**exponent``; a wild one holds what no training row does."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "spend": np.clip(rng.normal(80, 60, rows), -20, None) * 10.0**exponent,
            "visits": rng.integers(0, 6, rows).astype(float),
            "gap": np.where(rng.random(rows) < 0.6, np.nan, rng.random(rows)),
            "empty": np.full(rows, np.nan),
            "flag": rng.random(rows) < 0.4,
            "rate": np.round(rng.normal(0, 1, rows), 2),
            "band": rng.choice(["18-24", "25-34", "it's", None], rows, p=[0.6, 0.2, 0.1, 0.1]),
            'odd "name"': rng.choice(["x", "y"], rows),
        }
    )
    if wild:
        frame["band"] = rng.choice([*LAYOUT.vocabularies["band"], "unseen", "", None], rows)
        frame['odd "name"'] = rng.choice(["x", "y", "X", None], rows)
        odd = [np.nan, np.inf, -np.inf, 1e300, 1e30, -1e30, 5e-324, -1e-300, 0.0, -0.0]
        for name in ("spend", "visits", "gap", "empty", "rate"):
            hit = rng.random(rows) < 0.3
            frame.loc[hit, name] = rng.choice(odd, int(hit.sum()))
    return frame


def mart_in(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> str:
    """Make the mart, with types as in a warehouse, and return its name."""
    connection.register("given", frame)
    connection.execute("create or replace table mart as select * from given")
    connection.unregister("given")
    return "mart"


def matrix_of(connection: duckdb.DuckDBPyConnection) -> Any:
    """The mart as a model reads it."""
    return LAYOUT.matrix(connection.execute("from mart").to_arrow_table())


def labels(matrix: Any, classes: bool) -> Any:
    """A label that depends on amounts, categories and on what is missing."""
    spend = np.nan_to_num(matrix[:, 0])
    rank = spend.argsort().argsort() / len(spend)
    score = rank + 0.3 * np.isnan(matrix[:, 2]) + 0.2 * (matrix[:, 6] == 1) + 0.1 * matrix[:, 4]
    return (score > np.median(score)).astype(float) if classes else 1.0 + 50.0 * score


def thresholds_of(estimator: Any) -> Iterator[tuple[int, float]]:
    """Feature and threshold of each question that the model's trees ask about a number."""
    waiting: list[Formula] = [translate(estimator, LAYOUT)]
    while waiting:
        formula = waiting.pop()
        if isinstance(formula, Trees):
            for tree in formula.trees:
                for node in tree:
                    if node.split is not None and node.split.codes is None:
                        yield node.split.feature, node.split.threshold
        elif isinstance(formula, (Apply, Clip)):
            waiting.append(formula.inner)
        elif not isinstance(formula, Linear):
            waiting += [part for _, part in formula.parts]


def on_thresholds(estimator: Any, frame: pd.DataFrame, limit: int = 300) -> pd.DataFrame:
    """Rows whose value is a threshold, and one unit in the last place to each side."""
    rows = []
    for feature, threshold in sorted(set(thresholds_of(estimator)))[:limit]:
        name = LAYOUT.names[feature]
        # scikit-learn's trees refuse what 32 bits cannot hold
        if abs(threshold) < 1e38 and name not in ("flag", *LAYOUT.vocabularies):
            for value in (np.nextafter(threshold, -np.inf), threshold, np.nextafter(threshold, np.inf)):
                rows.append({**frame.iloc[len(rows) % len(frame)].to_dict(), name: value})
    return pd.DataFrame(rows, columns=frame.columns) if rows else frame.iloc[:0]

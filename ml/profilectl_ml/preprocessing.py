"""What happens to features before a model sees them; always fitted inside the model's pipeline."""

from __future__ import annotations

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from profilectl_ml.estimators import InformativeColumns, RelevantColumns, SignedRoot, VaryingColumns
from profilectl_ml.layout import Layout
from profilectl_ml.transforms import BoundedColumns, SignedLog


def preprocessing(
    layout: Layout, *, root: bool = False, log: bool = False, keep: int = 100, kind: str = "regression"
) -> Any:
    """Return an unfitted transformer for feature matrices of this layout, for models that weigh columns.

    Numbers: median for what is missing plus a column that says so, values kept near those seen, optionally
    the signed root or logarithm, columns that say nothing dropped, optionally only the most relevant kept,
    mean 0 and variance 1. Categories: one column per value; rare values share one, unseen ones are all zero.

    Parameters
    ----------
    layout
        Columns of the matrices.
    root, log
        Whether to take signed roots or logarithms, for long-tailed features.
    keep
        Percentage of the numeric columns to keep, by their relevance to the label (F statistic).
    kind
        Kind of the task, for the relevance.
    """
    # Empty columns stay, as zeros, for the selection to drop: the imputer would warn at every prediction.
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    steps: list[tuple[str, Any]] = [("impute", imputer), ("bound", BoundedColumns())]
    if root:
        steps.append(("root", SignedRoot()))
    if log:
        steps.append(("log", SignedLog()))
    steps.append(("select", InformativeColumns()))
    if keep < 100:
        score = f_classif if kind == "classification" else f_regression
        steps.append(("relevant", RelevantColumns(score, percentile=keep)))
    steps.append(("scale", StandardScaler()))
    parts: list[tuple[str, Any, list[int]]] = []
    if layout.numeric:
        parts.append(("numeric", Pipeline(steps), layout.numeric))
    if layout.categorical:
        parts.append(("categorical", _one_hot(), layout.categorical))
    return ColumnTransformer(parts)


def plain(layout: Layout) -> Any:
    """Return an unfitted transformer for trees: numbers as they are, even missing; categories as above."""
    parts: list[tuple[str, Any, list[int]]] = []
    if layout.numeric:
        parts.append(("numeric", VaryingColumns(), layout.numeric))
    if layout.categorical:
        parts.append(("categorical", _one_hot(), layout.categorical))
    return ColumnTransformer(parts)


def _one_hot() -> Any:
    return OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.005, sparse_output=False)

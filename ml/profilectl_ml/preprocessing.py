"""What happens to features before a model sees them; always fitted inside the model's pipeline."""

from __future__ import annotations

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from profilectl_ml.estimators import InformativeColumns, SignedRoot
from profilectl_ml.layout import Layout


def preprocessing(layout: Layout, *, root: bool = False) -> Any:
    """Return an unfitted transformer for feature matrices of this layout.

    Numbers: median for what is missing plus a column that says so, optionally the signed root, columns
    that say nothing dropped, mean 0 and variance 1. Categories: one column per value; rare values share
    one, unseen ones are all zero.

    Parameters
    ----------
    layout
        Columns of the matrices.
    root
        Whether to take signed roots, for long-tailed features.
    """
    # Empty columns stay, as zeros, for the selection to drop: the imputer would warn at every prediction.
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    steps: list[tuple[str, Any]] = [("impute", imputer)]
    if root:
        steps.append(("root", SignedRoot()))
    steps += [("select", InformativeColumns()), ("scale", StandardScaler())]
    parts: list[tuple[str, Any, list[int]]] = []
    if layout.numeric:
        parts.append(("numeric", Pipeline(steps), layout.numeric))
    if layout.categorical:
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=0.005, sparse_output=False
        )
        parts.append(("categorical", encoder, layout.categorical))
    return ColumnTransformer(parts)

"""Decision trees, forests and boosted trees as formulas over 64-bit thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from profilectl_ml.compiling.asking import Asked, split
from profilectl_ml.compiling.columns import Column, stepped
from profilectl_ml.compiling.formula import Formula, Node, Tree, Trees
from profilectl_ml.compiling.linear import linked, two_classes
from profilectl_ml.compiling.translating import NotCompilable, prepared, translates


@translates(DecisionTreeRegressor, ExtraTreeRegressor)
def _tree(model: Any, columns: list[Column]) -> Formula:
    return Trees(0.0, 1.0, (_grown(model, _rounded(columns)),))


@translates(DecisionTreeClassifier, ExtraTreeClassifier)
def _classifying_tree(model: Any, columns: list[Column]) -> Formula:
    two_classes(model)
    return Trees(0.0, 1.0, (_grown(model, _rounded(columns), 1),))


@translates(RandomForestRegressor, ExtraTreesRegressor)
def _forest(model: Any, columns: list[Column]) -> Formula:
    return _averaged(model.estimators_, columns, 0)


@translates(RandomForestClassifier, ExtraTreesClassifier)
def _classifying_forest(model: Any, columns: list[Column]) -> Formula:
    two_classes(model)
    return _averaged(model.estimators_, columns, 1)


@translates(GradientBoostingRegressor, GradientBoostingClassifier)
def _boosted(model: Any, columns: list[Column]) -> Formula:
    if hasattr(model, "classes_"):
        two_classes(model)
    if not (isinstance(model.init_, str) or type(model.init_).__module__ == "sklearn.dummy"):
        raise NotCompilable(f"{type(model).__name__} that starts from another model has no translation")
    start = float(model._raw_predict_init(np.zeros((1, len(columns))))[0, 0])
    columns = _rounded(columns)
    trees = tuple(_grown(tree, columns) for tree in model.estimators_[:, 0])
    return linked(model._loss.link, Trees(start, float(model.learning_rate), trees))


@translates(HistGradientBoostingRegressor, HistGradientBoostingClassifier)
def _histogram_boosted(model: Any, columns: list[Column]) -> Formula:
    if hasattr(model, "classes_"):
        two_classes(model)
    if model._preprocessor is not None:  # categories come first there, as numbers of its own
        encoder, categorical = model._preprocessor.named_transformers_["encoder"], model.is_categorical_
        encoded = prepared(encoder, [c for c, one in zip(columns, categorical, strict=True) if one])
        columns = encoded + [c for c, one in zip(columns, categorical, strict=True) if not one]
    known = model._bin_mapper.make_known_categories_bitsets()
    trees = tuple(_binned(one[0], columns, known) for one in model._predictors)
    return linked(model._loss.link, Trees(float(np.ravel(model._baseline_prediction)[0]), 1.0, trees))


def _rounded(columns: list[Column]) -> list[Column]:
    """Return the columns as scikit-learn's trees see them: rounded to 32 bits before they are compared."""
    return [stepped(column, "to_32_bits") for column in columns]


def _averaged(models: Any, columns: list[Column], position: int) -> Formula:
    columns = _rounded(columns)
    trees = tuple(_grown(one, columns, position) for one in models)
    return Trees(0.0, 1.0 / len(trees), trees)


def _grown(model: Any, columns: list[Column], position: int = 0) -> Tree:
    tree = model.tree_
    if tree.value.shape[1] != 1:
        raise NotCompilable(f"{type(model).__name__} with several outputs has no translation")
    missing_left = tree.__getstate__()["nodes"]["missing_go_to_left"].astype(bool)
    inner = np.flatnonzero(tree.children_left >= 0)
    asked = Asked(inner, tree.feature[inner], tree.threshold[inner].astype(np.float64), missing_left[inner])
    splits = asked.splits(columns, tree.children_left, tree.children_right)
    values, cover = tree.value[:, 0, position], tree.weighted_n_node_samples
    return tuple(Node(float(values[i]), float(cover[i]), splits.get(i)) for i in range(tree.node_count))


def _binned(predictor: Any, columns: list[Column], known: tuple[Any, Any]) -> Tree:
    nodes = predictor.nodes
    inner = np.flatnonzero((nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0))
    asked = Asked(
        inner,
        nodes["feature_idx"][inner],
        nodes["num_threshold"][inner],
        nodes["missing_go_to_left"][inner].astype(bool),
    )
    splits = asked.splits(columns, nodes["left"], nodes["right"])
    bits, positions = known
    for i in map(int, np.flatnonzero(nodes["is_categorical"] & (nodes["is_leaf"] == 0))):
        node = nodes[i]
        left = predictor.raw_left_cat_bitsets[node["bitset_idx"]]
        familiar = bits[positions[node["feature_idx"]]]
        missing_left = bool(node["missing_go_to_left"])

        def goes_left(
            value: float, left: Any = left, familiar: Any = familiar, missing: bool = missing_left
        ) -> bool:
            if np.isnan(value) or value < 0 or not _has(familiar, value):
                return missing  # what training has not seen counts as missing
            return _has(left, value)

        splits[i] = split(columns[node["feature_idx"]], goes_left, int(node["left"]), int(node["right"]))
    return tuple(
        Node(float(node["value"]), float(node["count"]), splits.get(i)) for i, node in enumerate(nodes)
    )


def _has(bitset: Any, value: float) -> bool:
    return bool((int(bitset[int(value) // 32]) >> (int(value) % 32)) & 1)

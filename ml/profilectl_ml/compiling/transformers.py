"""What scikit-learn's transformers, and ours, do to columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from profilectl_ml.compiling.columns import Column, Levels, Number, filled, indicator, stepped
from profilectl_ml.compiling.translating import NotCompilable, prepared, transforms
from profilectl_ml.estimators import SignedRoot
from profilectl_ml.transforms import BoundedColumns, SignedLog

# A code that no encoder has learnt: layouts number values from 0 on, and what they do not know is -1.
_UNSEEN = -12_345.0


@transforms(Pipeline)
def _pipeline(pipeline: Any, columns: list[Column]) -> list[Column]:
    for _, step in pipeline.steps:
        columns = prepared(step, columns)
    return columns


@transforms(ColumnTransformer)
def _side_by_side(transformer: Any, columns: list[Column]) -> list[Column]:
    places = np.arange(len(columns))
    found: list[Column] = []
    for _, part, chosen in transformer.transformers_:
        taken = [columns[place] for place in np.atleast_1d(places[chosen])]
        if taken:
            found += prepared(part, taken)
    return found


@transforms(SimpleImputer)
def _imputer(imputer: Any, columns: list[Column]) -> list[Column]:
    if not (isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)):
        raise NotCompilable("SimpleImputer: only NaN counts as missing")
    found = [
        filled(column, float(value))
        for column, value in zip(columns, imputer.statistics_, strict=True)
        if not np.isnan(value)  # an empty column is dropped
    ]
    if imputer.add_indicator:
        found += [indicator(columns[place]) for place in imputer.indicator_.features_]
    return found


@transforms(StandardScaler)
def _scaler(scaler: Any, columns: list[Column]) -> list[Column]:
    found = []
    for place, column in enumerate(columns):
        mean = None
        if scaler.with_mean:
            column, mean = stepped(column, "subtract", scaler.mean_[place], 0.0), 0.0
        if scaler.with_std:
            column = stepped(column, "divide", scaler.scale_[place], mean)
        found.append(column)
    return found


@transforms(SignedRoot)
def _root(transformer: Any, columns: list[Column]) -> list[Column]:
    return [stepped(column, "root") for column in columns]


@transforms(SignedLog)
def _log(transformer: Any, columns: list[Column]) -> list[Column]:
    return [stepped(column, "log") for column in columns]


@transforms(BoundedColumns)
def _bounded(transformer: Any, columns: list[Column]) -> list[Column]:
    return [
        stepped(stepped(column, "at_least", low), "at_most", high)
        for column, low, high in zip(columns, transformer.low_, transformer.high_, strict=True)
    ]


@transforms(FunctionTransformer)
def _function(transformer: Any, columns: list[Column]) -> list[Column]:
    if transformer.func is not None:
        raise NotCompilable("FunctionTransformer with a function of its own has no translation")
    return columns


@transforms(OneHotEncoder)
def _one_hot(encoder: Any, columns: list[Column]) -> list[Column]:
    if encoder.drop_idx_ is not None:
        raise NotCompilable("OneHotEncoder that drops a category has no translation")
    rare = getattr(encoder, "infrequent_categories_", [None] * len(columns))
    widths = [
        len(known) if few is None else len(known) - len(few) + 1
        for known, few in zip(encoder.categories_, rare, strict=True)
    ]
    return _encoded(encoder, columns, widths)


@transforms(OrdinalEncoder)
def _ordinal(encoder: Any, columns: list[Column]) -> list[Column]:
    return _encoded(encoder, columns, [1] * len(columns))


def _encoded(encoder: Any, columns: list[Column], widths: list[int]) -> list[Column]:
    """Return the encoder's columns, ``widths`` of them for each given one.

    The encoder itself is asked what it makes of every code; how it groups rare ones is its own affair.
    """
    found: list[Column] = []
    first = [known[0] for known in encoder.categories_]
    for place, (column, known) in enumerate(zip(columns, encoder.categories_, strict=True)):
        if not isinstance(column, Number) or column.steps or not np.isnan(column.missing):
            raise NotCompilable(f"{type(encoder).__name__} is translated on features as they come only")
        codes = [float(code) for code in known if not np.isnan(code)]
        learnt_missing = len(codes) < len(known)
        asked = np.tile(np.array(first, dtype=np.float64), (len(codes) + 2, 1))
        asked[:, place] = [*codes, _UNSEEN, np.nan]
        made = np.zeros((len(asked), sum(widths)))
        # An encoder that refuses what it has not learnt cannot be asked about it.
        able = np.array([True] * len(codes) + [encoder.handle_unknown != "error"] * 2)
        able[-1] |= learnt_missing
        out = encoder.transform(asked[able])
        made[able] = out.toarray() if hasattr(out, "toarray") else out
        for j in range(sum(widths[:place]), sum(widths[: place + 1])):
            values = dict(zip(codes, made[: len(codes), j].tolist(), strict=True))
            found.append(Levels(column.feature, values, float(made[-2, j]), float(made[-1, j])))
    return found

"""A fitted segmentation as one SQL statement: everyone is assigned where the data are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.pipeline import Pipeline

from profilectl_ml.segmenting.clusterers import Bands
from profilectl_ml.segmenting.scaling import ScaledFeatures
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.sql import quote_identifier, quote_literal, quote_relation


def assignment_sql(
    task: ClusteringTask, fitted: Pipeline, *, dated: bool, names: Mapping[int, str] | None = None
) -> str:
    """Return the statement that gives every user a segment.

    Parameters
    ----------
    task
        Whose users, and by what.
    fitted
        A pipeline of ``clusterers.pipeline``.
    dated
        Whether the features mart has a column ``as_of``.
    names
        What the segments are called; without them they are numbers.

    Returns
    -------
    str
        A query of ``user_id, as_of, segment, distance``, where the distance is the one to the centre of the
        user's segment in scaled features.
    """
    clusterer = fitted.named_steps["cluster"]
    places = range(len(task.columns))
    points = ", ".join(f"{term} as p{j}" for j, term in enumerate(scaled_terms(task, fitted)))
    squares = ", ".join(_square(centre) for centre in np.asarray(clusterer.cluster_centers_))
    as_of = "as_of" if dated else "cast(null as date)"
    if isinstance(clusterer, Bands):
        column = f"p{clusterer.column}"
        number = " + ".join(
            ["1", *(f"cast({column} > {number_sql(e)} as integer)" for e in clusterer.edges_)]
        )
    else:
        number = "list_position(squares, list_min(squares))"
    segment = "number - 1"
    if names is not None:
        whens = " ".join(f"when {n} then {quote_literal(name)}" for n, name in sorted(names.items()))
        segment = f"case number - 1 {whens} end"
    entity = f"cast({quote_identifier(task.entity)} as varchar)"
    return (
        f"with points as (select {entity} as user_id, {as_of} as as_of, {points}"
        f" from {quote_relation(*task.features)}),"
        f" measured as (select user_id, as_of, {', '.join(f'p{j}' for j in places)}, [{squares}] as squares"
        " from points),"
        f" numbered as (select user_id, as_of, squares, {number} as number from measured)"
        f" select user_id, as_of, {segment} as segment, sqrt(squares[number]) as distance from numbered"
    )


def scaled_terms(task: ClusteringTask, fitted: Pipeline) -> list[str]:
    """Return an expression for each scaled feature over the columns of the features mart."""
    scaling: ScaledFeatures = fitted.named_steps["scale"]
    terms = []
    for j, feature in enumerate(task.columns):
        value = f"coalesce({natural(feature.name)}, {number_sql(scaling.median_[j])})"
        if feature.transform == "log":
            value = f"sign({value}) * ln(1 + abs({value}))"
        elif feature.transform == "root":
            value = f"sign({value}) * sqrt(abs({value}))"
        terms.append(f"({value} - {number_sql(scaling.mean_[j])}) / {number_sql(scaling.scale_[j])}")
    return terms


def natural(name: str) -> str:
    """Return a column as a number that is missing where it is infinite, as models read it."""
    value = f"cast({quote_identifier(name)} as double)"
    return f"case when isfinite({value}) then {value} end"


def number_sql(value: float) -> str:
    """Return all 64 bits of a number; without the exponent DuckDB would read a decimal."""
    return f"{float(value):.17e}"


def _square(centre: np.ndarray) -> str:
    return " + ".join(f"(p{j} - {number_sql(c)}) * (p{j} - {number_sql(c)})" for j, c in enumerate(centre))

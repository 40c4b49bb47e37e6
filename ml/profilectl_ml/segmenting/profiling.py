"""Who is in each segment: counted, weighed and compared with everyone, in the warehouse."""

from __future__ import annotations

import duckdb
from sklearn.pipeline import Pipeline

from profilectl_ml.segmenting.assigning import natural, scaled_terms
from profilectl_ml.segmenting.naming import Profile, Trait
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.sql import quote_identifier, quote_relation

# Sums in another order differ in their last bits: rounded, the same data give the same profile.
_DIGITS = 9


def profiles(
    connection: duckdb.DuckDBPyConnection, task: ClusteringTask, fitted: Pipeline, assigned: str
) -> list[Profile]:
    """Return the profile of each segment that has users, unnamed yet, by number.

    Parameters
    ----------
    fitted
        What assigned them.
    assigned
        Quoted name of a table of ``user_id, segment`` with the segments' numbers.
    """
    terms = [f"avg(p{j}), avg(n{j})" for j in range(len(task.columns))]
    columns = [
        f"{term} as p{j}, {natural(feature.name)} as n{j}"
        for j, (term, feature) in enumerate(zip(scaled_terms(task, fitted), task.columns, strict=True))
    ]
    worth = natural(task.value) if task.value else "cast(null as double)"
    found = connection.execute(
        f"with users as (select cast({quote_identifier(task.entity)} as varchar) as user_id,"
        f" {worth} as worth, {', '.join(columns)} from {quote_relation(*task.features)})"
        f" select grouping(segment) as everyone, segment, count(*), fsum(worth), {', '.join(terms)}"
        f" from users inner join {assigned} using (user_id)"
        " group by grouping sets ((segment), ()) order by everyone desc, segment"
    ).fetchall()
    return [_profile(task, row, found[0]) for row in found[1:]]


def _profile(task: ClusteringTask, row: tuple[float, ...], everyone: tuple[float, ...]) -> Profile:
    traits = []
    for j, feature in enumerate(task.columns):
        apart = round(row[4 + 2 * j] - everyone[4 + 2 * j], _DIGITS)
        traits.append(Trait(feature, apart, _rounded(row[5 + 2 * j]), _rounded(everyone[5 + 2 * j])))
    traits.sort(key=lambda trait: (-abs(trait.apart), trait.feature.name))
    _, number, users, value, *_ = row
    total = everyone[3]
    return Profile(
        number=int(number),
        users=int(users),
        share=users / everyone[2],
        value=_rounded(value) if task.value else None,
        value_share=(value or 0.0) / total if task.value and total else None,
        traits=traits,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)

"""Compiled models: SQL that scores every row of a relation, with the names it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from profilectl_ml.compiling.formula import Formula, count_nodes
from profilectl_ml.compiling.sql import Writer, bounded, feature
from profilectl_ml.compiling.translating import NotCompilable, translate
from profilectl_ml.layout import Layout
from profilectl_ml.settings import settings
from profilectl_ml.sql import quote_identifier

_OPTIMISER = "common_subexpressions"


@dataclass(frozen=True)
class Compiled:
    """A score as an SQL expression.

    Attributes
    ----------
    expression
        Scalar expression over the names in ``inputs`` and ``bound``.
    inputs
        Names with the expressions over the mart's columns that they stand for.
    bound
        Per level, names with expressions over the inputs and the levels before.
    columns
        The mart's columns that are read.
    nodes
        Tree nodes in the expression.
    """

    expression: str
    inputs: tuple[tuple[str, str], ...]
    bound: tuple[tuple[tuple[str, str], ...], ...]
    columns: tuple[str, ...]
    nodes: int

    def select(self, relation: str, keys: Sequence[tuple[str, str]] = ()) -> str:
        """Return ``select <keys>, <score> as score from <relation>``.

        Parameters
        ----------
        relation
            Quoted name of the features mart.
        keys
            Names of further columns with their expressions over the mart's columns.
        """
        named = [f"{text} as {name}" for name, text in (*keys, *self.inputs)]
        query = f"select {', '.join(named) or '1 as x'} from {relation}"
        for level in self.bound:
            query = f"select *, {', '.join(f'{text} as {name}' for name, text in level)} from ({query}) as t"
        kept = ", ".join([*(name for name, _ in keys), f"{self.expression} as score"])
        return f"select {kept} from ({query}) as t"


def compile_model(estimator: Any, layout: Layout, *, minimum: float | None = None) -> Compiled:
    """Return a fitted model as SQL: what it predicts, or the probability of the second class.

    The SQL agrees with scikit-learn on every row but for the order in which sums are rounded: thresholds of
    trees keep their 64 bits.

    Parameters
    ----------
    estimator
        Fitted on matrices of ``layout``.
    layout
        Columns of the matrices.
    minimum
        Predictions below it are raised to it.

    Raises
    ------
    NotCompilable
        If there is no translation, or the SQL would be too long to be worth it; the message says why.
    """
    return _compiled([translate(estimator, layout)], layout, minimum)


def compile_choice(
    estimator: Any, baseline: Any, population: str, layout: Layout, *, minimum: float | None = None
) -> Compiled:
    """Return SQL that scores rows by ``estimator`` where ``population`` is true, by ``baseline`` elsewhere.

    Parameters
    ----------
    population
        Boolean column of the mart.
    """
    formulas = [translate(estimator, layout), translate(baseline, layout)]
    return _compiled(formulas, layout, minimum, population)


def _compiled(
    formulas: list[Formula], layout: Layout, minimum: float | None, population: str | None = None
) -> Compiled:
    writer = Writer()
    texts = [writer.write(one) for one in formulas]
    places = sorted(writer.features)
    inputs = [(f"x_{place}", feature(layout, place)) for place in places]
    columns = [layout.names[place] for place in places]
    text = texts[0]
    if population is not None:
        text = f"case when is_member then {texts[0]} else {texts[1]} end"
        inputs.insert(0, ("is_member", f"coalesce({quote_identifier(population)}, false)"))
        columns.insert(0, population)
    if minimum is not None:
        text = bounded(text, minimum, float("inf"))
    return Compiled(
        text,
        tuple(inputs),
        tuple(map(tuple, writer.bound)),
        tuple(columns),
        sum(map(count_nodes, formulas)),
    )


@contextmanager
def long_expressions(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Switch off the one optimiser that makes statements of many tree nodes several times slower."""
    before = str(connection.execute("select current_setting('disabled_optimizers')").fetchall()[0][0])
    names = {name for name in before.split(",") if name} | {_OPTIMISER}
    with settings(connection, {"disabled_optimizers": ",".join(sorted(names))}):
        yield


__all__ = ["Compiled", "NotCompilable", "compile_choice", "compile_model", "long_expressions"]

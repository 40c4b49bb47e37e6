"""Formulas as SQL text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from profilectl_ml.compiling.columns import Column, Levels, Number
from profilectl_ml.compiling.formula import (
    Apply,
    Clip,
    Formula,
    Linear,
    Split,
    Sum,
    Tree,
    Trees,
    count_nodes,
    depth,
)
from profilectl_ml.compiling.numbers import LARGEST, literal
from profilectl_ml.compiling.translating import NotCompilable
from profilectl_ml.layout import LARGEST_FEATURE, Layout
from profilectl_ml.sql import quote_identifier, quote_literal

# Beyond that engines take longer to plan the statement than scikit-learn takes to predict.
MAX_NODES = 5_000
# A question inside a question inside …: parsers give up at some depth.
MAX_DEPTH = 100
_BOUNDS = {"at_least": "greatest", "at_most": "least"}


class Writer:
    """Writes formulas over one layout, and remembers which features they read and what they bind.

    Attributes
    ----------
    features
        Positions of the features read; feature ``i`` is called ``x_i`` in the text.
    bound
        Per level, names and the expressions they stand for; a level may use names of those before it.
    """

    def __init__(self) -> None:
        self.features: set[int] = set()
        self.bound: list[list[tuple[str, str]]] = []

    def write(self, formula: Formula) -> str:
        """Return the formula as one scalar expression.

        Raises
        ------
        NotCompilable
            If it holds too many or too deep trees.
        """
        nodes = count_nodes(formula)
        if nodes > MAX_NODES:
            raise NotCompilable(f"{nodes:,} tree nodes, at most {MAX_NODES:,} are compiled")
        return self._write(formula)[0]

    def name(self, feature: int) -> str:
        """Return what a feature is called in the text."""
        self.features.add(feature)
        return f"x_{feature}"

    def _write(self, formula: Formula) -> tuple[str, int]:
        """Return the text, and the number of the level of bound names it needs."""
        if isinstance(formula, Linear):
            return self._linear(formula), 0
        if isinstance(formula, Trees):
            return self._trees(formula), 0
        if isinstance(formula, Sum):
            parts = [(weight, *self._write(part)) for weight, part in formula.parts]
            texts = [text if weight == 1 else f"{literal(weight)} * {text}" for weight, text, _ in parts]
            return added(texts, formula.constant), max(level for *_, level in parts)
        inner, level = self._write(formula.inner)
        if isinstance(formula, Clip):
            return bounded(inner, formula.low, formula.high), level
        return self._apply(formula, inner, level)

    def _apply(self, formula: Apply, inner: str, level: int) -> tuple[str, int]:
        if formula.function == "logit":  # needs its argument twice
            p = self._bind(inner, level)
            return f"ln({p} / (1e0 - {p}))", level + 1
        forms = {
            "exp": "exp({0})",
            "expm1": "(exp({0}) - 1e0)",
            "sigmoid": "(1e0 / (1e0 + exp(-({0}))))",
            "square": "power({0}, 2e0)",
        }
        return forms[formula.function].format(inner), level

    def _bind(self, text: str, level: int) -> str:
        name = f"b_{sum(map(len, self.bound))}"
        while len(self.bound) <= level:
            self.bound.append([])
        self.bound[level].append((name, text))
        return name

    def _linear(self, formula: Linear) -> str:
        by_feature: dict[int, list[tuple[float, Column]]] = {}
        for weight, column in formula.terms:
            by_feature.setdefault(column.feature, []).append((weight, column))
        texts, constant = [], [formula.constant]
        for feature in sorted(by_feature):
            text, always = self._terms(by_feature[feature])
            texts += text
            constant += always
        return added(texts, math.fsum(constant))

    def _terms(self, terms: list[tuple[float, Column]]) -> tuple[list[str], list[float]]:
        """Return the summands of all columns made from one feature, and what is added to every row."""
        numbers = [(w, c) for w, c in terms if isinstance(c, Number)]
        levels = [(w, c) for w, c in terms if isinstance(c, Levels)]
        name = self.name(terms[0][1].feature)
        other = math.fsum(w * c.other for w, c in levels)
        missing = math.fsum(w * c.missing for w, c in terms) - other
        codes = sorted({code for _, c in levels for code in c.values})
        tables = {
            code: math.fsum(w * c.values.get(code, c.other) for w, c in levels) - other for code in codes
        }
        tables = {code: value for code, value in tables.items() if value != 0}
        if not numbers:
            if np.isnan(missing):
                raise NotCompilable("missing values reach a model that cannot use them")
            return self._table(name, tables, missing), [other]
        if tables:
            raise NotCompilable("a feature is both a number and a category")
        text = " + ".join(_scaled(weight, column, name) for weight, column in numbers)
        # A missing value makes the sum null: that is when the other branch counts. NaN: no score at all.
        put_in = "null" if np.isnan(missing) else literal(missing)
        if any(step in _BOUNDS for _, column in numbers for step, _ in column.steps):
            # Bounds swallow a null: asking for it is cheaper than carrying it past them.
            return [f"case when {name} is null then {put_in} else {text} end"], [other]
        return [text if np.isnan(missing) else f"coalesce({text}, {put_in})"], [other]

    def _table(self, name: str, table: dict[float, float], missing: float) -> list[str]:
        arms = [f"when {name} = {literal(code)} then {literal(value)}" for code, value in table.items()]
        if missing != 0:
            arms.insert(0, f"when {name} is null then {literal(missing)}")
        return [f"case {' '.join(arms)} else 0e0 end"] if arms else []

    def _trees(self, formula: Trees) -> str:
        deepest = max(map(depth, formula.trees), default=0)
        if deepest > MAX_DEPTH:
            raise NotCompilable(f"a tree of depth {deepest:,}, at most {MAX_DEPTH:,} is compiled")
        total = added([self._tree(tree, 0) for tree in formula.trees], 0.0)
        if formula.factor != 1:
            total = f"{literal(formula.factor)} * {total}"
        return added([total], formula.constant)

    def _tree(self, tree: Tree, place: int) -> str:
        node = tree[place]
        if node.split is None:
            return literal(node.value)
        left, right = self._tree(tree, node.split.left), self._tree(tree, node.split.right)
        condition, way = self._question(node.split)
        if left == right or condition is None:
            return left if way else right
        if not way:
            left, right = right, left
        return f"case when {condition} then {left} else {right} end"

    def _question(self, split: Split) -> tuple[str | None, bool]:
        """Return a condition that is true of a missing value only if it asks for it, and if true is left.

        No condition: everything goes the same way.
        """
        numeric = split.codes is None
        if (numeric and split.threshold in (-np.inf, LARGEST, np.inf)) or split.codes == ():
            present_left = split.threshold > 0 if numeric else not split.codes_left
            if present_left == split.missing_left:
                return None, present_left
            return f"{self.name(split.feature)} is null", split.missing_left
        name = self.name(split.feature)
        # Compared with null the answer is null, and the row takes `else`: no branch for it is needed.
        if numeric:
            sign = ">" if split.missing_left else "<="
            return f"{name} {sign} {literal(split.threshold)}", not split.missing_left
        listed = ", ".join(map(literal, split.codes or ()))
        if split.codes_left == split.missing_left:
            return f"{name} not in ({listed})", not split.codes_left
        return f"{name} in ({listed})", split.codes_left


def added(texts: Sequence[str], constant: float) -> str:
    """Return a sum, bracketed in halves: engines limit how deep an expression may be, not how wide."""
    terms = list(texts) if constant == 0 and texts else [literal(constant), *texts]
    while len(terms) > 1:
        terms = [
            f"({terms[i]} + {terms[i + 1]})" if i + 1 < len(terms) else terms[i]
            for i in range(0, len(terms), 2)
        ]
    return terms[0]


def bounded(text: str, low: float, high: float) -> str:
    """Return an expression kept within bounds."""
    text = text if low == -np.inf else f"greatest({text}, {literal(low)})"
    return text if high == np.inf else f"least({text}, {literal(high)})"


def feature(layout: Layout, place: int) -> str:
    """Return a feature as the layout's matrix has it, null for NaN, as SQL over the mart's column."""
    name = layout.names[place]
    column = quote_identifier(name)
    if name in layout.vocabularies:
        codes = " ".join(
            f"when {quote_literal(value)} then {literal(code)}"
            for code, value in enumerate(layout.vocabularies[name])
        )
        known = f"case cast({column} as varchar) {codes} else (-1e0) end"
        return f"case when {column} is not null then {known} end"
    # NaN is larger than every number, in this engine and in others: it fails this test as infinities do.
    number = f"cast({column} as double)"
    return f"case when abs({number}) <= {literal(LARGEST_FEATURE)} then {number} end"


def _scaled(weight: float, column: Number, name: str) -> str:
    """Return a weighted column; the last division is done by the weight, subtractions stay as they are.

    Multiplying out ``(x - mean) * weight`` would lose what a mean far from zero cancels.
    """
    text, steps = name, list(column.steps)
    if steps and steps[-1][0] == "divide":
        weight = weight / steps.pop()[1]
    signs = {"subtract": "-", "divide": "/", "multiply": "*", "add": "+"}
    for step, operand in steps:
        if step == "root":
            text = f"(sign({text}) * sqrt(abs({text})))"
        elif step == "log":
            text = f"(sign({text}) * ln(1 + abs({text})))"
        elif step in _BOUNDS:
            text = f"{_BOUNDS[step]}({text}, {literal(operand)})"
        elif step in signs:
            text = f"({text} {signs[step]} {literal(operand)})"
        else:
            raise NotCompilable(f"the step {step} before a linear model has no translation")
    return text if weight == 1 else f"{text} * {literal(weight)}"

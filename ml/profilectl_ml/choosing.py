"""Choosing one model: the simplest within one standard error of the best."""

from __future__ import annotations

from dataclasses import dataclass

from profilectl_ml.candidates import ENSEMBLE
from profilectl_ml.comparing import Compared, Comparison, Question, Rows, Tell, compare
from profilectl_ml.ensembling import ensemble
from profilectl_ml.folds import Folds
from profilectl_ml.losses import difference
from profilectl_ml.metrics_classification import best_threshold


@dataclass(frozen=True)
class Standing:
    """How far a candidate is behind the best one: mean difference of the loss and its standard error."""

    name: str
    loss: float
    behind: float
    error: float

    @property
    def close(self) -> bool:
        """Whether the difference is at most one standard error."""
        return self.behind <= self.error


@dataclass(frozen=True)
class Choice:
    """The winner and everything it was chosen from.

    Attributes
    ----------
    winner
        The chosen candidate.
    comparison
        All candidates, the ensemble among them.
    standings
        All candidates, the best first.
    thresholds
        From which probability of each candidate on a row counts as positive; none for amounts.
    why
        The choice in words.
    """

    winner: Compared
    comparison: Comparison
    standings: list[Standing]
    thresholds: dict[str, float]
    why: str


def choose(
    question: Question,
    rows: Rows,
    folds: Folds,
    tell: Tell,
    costs: tuple[float, float] = (1.0, 1.0),
) -> Choice:
    """Compare all candidates and return the simplest within one standard error of the best.

    The standard error is that of the difference to the best on the same users: what both find hard does not
    count. The baseline is the simplest of all, so a model has to be clearly better than it.
    """
    comparison = compare(question, rows, folds, tell)
    actual, number = rows.label[folds.rows], rows.number[folds.rows]
    if ENSEMBLE in question.names:
        half = rows.spread[folds.rows] % 2
        made = ensemble(question, comparison.compared, actual, folds.number, half)
        if made is None:
            comparison.skipped[ENSEMBLE] = "one member alone is best"
        else:
            comparison.compared.append(made)
    compared = comparison.compared
    best = min(compared, key=lambda c: (c.loss, c.complexity))
    standings = []
    for c in sorted(compared, key=lambda c: (c.loss, c.complexity)):
        behind, error = difference(c.losses, best.losses, number)
        standings.append(Standing(c.name, c.loss, behind, error))
    close = {s.name for s in standings if s.close}
    winner = min((c for c in compared if c.name in close), key=lambda c: (c.complexity, c.loss))
    classification = question.recipe.kind == "classification"
    thresholds = (
        {c.name: best_threshold(actual, c.predicted, costs) for c in compared} if classification else {}
    )
    return Choice(winner, comparison, standings, thresholds, _why(winner, best, standings, question.metric))


def _why(winner: Compared, best: Compared, standings: list[Standing], metric: str) -> str:
    if winner.name == best.name:
        return f"{winner.name} has the smallest {metric} in validation, {winner.loss:.6g}"
    behind = next(s for s in standings if s.name == winner.name)
    return (
        f"{winner.name} is the simplest within one standard error of the best, {best.name}: {metric}"
        f" {winner.loss:.6g} against {best.loss:.6g}, difference {behind.behind:.2g} ± {behind.error:.2g}"
    )

"""A weighted mean of the candidates, its weights learnt from out-of-fold predictions.

The weights come from greedy selection with replacement (Caruana and others, Ensemble selection from
libraries of models, ICML 2004): the next member is the one that lowers the loss of the mean most.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import VotingClassifier, VotingRegressor

from profilectl_ml.candidates import ENSEMBLE
from profilectl_ml.comparing import Compared, Question, judged_as
from profilectl_ml.losses import row_losses
from profilectl_ml.predicting import bounded
from profilectl_ml.recipes import BASELINE

Floats = NDArray[np.float64]
_STEPS, _MEMBERS, COMPLEXITY = 12, 5, 9


def ensemble(
    question: Question,
    compared: list[Compared],
    actual: Floats,
    fold: NDArray[np.int64],
    half: NDArray[np.int64],
) -> Compared | None:
    """Return the ensemble as one more candidate, or None if one member alone is best.

    Its out-of-fold predictions use, for each fold, weights learnt on the other folds.

    Parameters
    ----------
    compared
        The candidates, the baseline among them.
    actual, fold, half
        Label, number of the judging fold and half of the users of each judged row, shape ``(rows,)``.
    """
    members = sorted((c for c in compared if c.name != BASELINE), key=lambda c: c.loss)[:_MEMBERS]
    if len(members) < 2:
        return None
    naive = next(c.predicted for c in compared if c.name == BASELINE)
    stacked = np.stack([c.unbounded for c in members])
    weights = _greedy(question, stacked, actual, naive)
    if np.count_nonzero(weights) < 2:
        return None
    predicted = np.empty(len(actual))
    for number in np.unique(fold):
        here = fold == number
        # A single fold cannot be crossed: then it is judged with its own weights.
        rest = ~here if not here.all() else here
        predicted[here] = _greedy(question, stacked[:, rest], actual[rest], naive[rest]) @ stacked[:, here]
    used = [(c.name, c.estimator, float(w)) for c, w in zip(members, weights, strict=True) if w]
    parts, shares = [(name, model) for name, model, _ in used], [w for *_, w in used]
    model = (
        VotingClassifier(parts, voting="soft", weights=shares)
        if question.recipe.kind == "classification"
        else VotingRegressor(parts, weights=shares)
    )
    params = {name: round(w, 4) for name, _, w in used}
    return judged_as(question, ENSEMBLE, COMPLEXITY, params, model, actual, predicted, naive, half)


def _greedy(question: Question, stacked: Floats, actual: Floats, naive: Floats) -> Floats:
    """Return the members' weights, shape ``(members,)``, adding up to 1."""
    chosen: Counter[int] = Counter()
    total = np.zeros(stacked.shape[1])
    for step in range(1, _STEPS + 1):
        losses = [
            row_losses(
                question.recipe.kind,
                question.metric,
                actual,
                bounded((total + one) / step, question.minimum),
                naive,
            ).mean()
            for one in stacked
        ]
        best = int(np.argmin(losses))
        chosen[best] += 1
        total = total + stacked[best]
    return np.array([chosen[i] / _STEPS for i in range(len(stacked))])

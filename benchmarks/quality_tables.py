"""A protocol on a table: which rows are learnt from and judged, by which measure, beside which peers.

Ours is the product's automatic choice (`profilectl_ml.learning.learn`), made inside each training part; the
figures of peers that were found beforehand are quoted, others are computed in the same run on the same rows.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from profilectl_ml.data import layout_of
from profilectl_ml.learning import learn
from profilectl_ml.preprocessing import plain, preprocessing

Floats = NDArray[np.float64]
Split = tuple[NDArray[np.int64], NDArray[np.int64]]
LESS_IS_BETTER = ("MAE", "RMSE")


@dataclass(frozen=True)
class Protocol:
    """One case.

    Attributes
    ----------
    name, kind
        What the table calls it; ``regression`` or ``classification``.
    frame, label
        Features, each known when one would predict, and what is predicted; a row each.
    splits
        Rows learnt from and judged.
    quoted
        Peers' figures found beforehand: ``{measure: {peer: figure}}``; its measures are the ones computed.
    users
        Whose row it is, where people have several.
    queries
        Rows among which one is to be found, for MRR.
    metric, minimum
        What a user of the product would state: the loss to choose by, the least possible amount.
    rules
        Rules of thumb: a prediction per row.
    """

    name: str
    kind: str
    frame: pa.Table
    label: Floats
    splits: list[Split]
    quoted: dict[str, dict[str, float]]
    users: NDArray[Any] | None = None
    queries: NDArray[Any] | None = None
    metric: str | None = None
    minimum: float | None = None
    rules: dict[str, Floats] = field(default_factory=dict)


def five_folds(label: Floats) -> list[Split]:
    """Return the five stratified folds that all flat sets are judged on."""
    split = StratifiedKFold(5, shuffle=True, random_state=42)
    return list(split.split(np.zeros(len(label)), label))


def records(one: Protocol, say: Callable[[str], None], budget_seconds: float) -> Iterator[dict[str, Any]]:
    """Judge ours and the peers on every split."""
    started, ours, chosen = time.monotonic(), [], []
    for learnt, judged in one.splits:
        found = learn(
            one.kind,
            one.frame.take(learnt),
            one.label[learnt],
            users=None if one.users is None else one.users[learnt],
            metric=one.metric,
            minimum=one.minimum,
            budget_seconds=budget_seconds,
        )
        ours.append(found.predict(one.frame.take(judged)))
        chosen.append(found.choice.winner.name)
        say(f"{one.name}: {found.choice.why} ({time.monotonic() - started:.0f} s)")
    peers = {name: [values[judged] for _, judged in one.splits] for name, values in one.rules.items()}
    for name, model in _models(one).items():
        with threadpool_limits(1):
            peers[f"{name}, this run"] = [_predicted(one, model, *split) for split in one.splits]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for measure, quoted in one.quoted.items():
        mine = MEASURES[measure](one, ours)
        theirs = {**quoted, **{name: MEASURES[measure](one, found) for name, found in peers.items()}}
        for name, figure in theirs.items():
            yield {
                "case": one.name,
                "size": len(one.label),
                "measure": measure,
                "ours": round(mine, 4),
                "peer": name,
                "theirs": round(figure, 4),
                "ratio": round(mine / figure, 4),
                "unit": "label's unit" if measure in LESS_IS_BETTER else "1",
                "peak_mb": round(peak),
            }


def _models(one: Protocol) -> dict[str, Any]:
    layout = layout_of(one.frame, sorted(one.frame.column_names))
    if one.kind == "classification":
        models = {
            "logistic": Pipeline([("p", preprocessing(layout)), ("m", LogisticRegression(max_iter=500))]),
            "boosting": Pipeline(
                [("p", plain(layout)), ("m", HistGradientBoostingClassifier(random_state=42))]
            ),
        }
    else:
        loss = "absolute_error" if one.metric == "mae" else "squared_error"
        boosting = HistGradientBoostingRegressor(loss=loss, random_state=42)
        models = {
            "ridge": Pipeline([("p", preprocessing(layout)), ("m", Ridge())]),
            "boosting": Pipeline([("p", plain(layout)), ("m", boosting)]),
        }
    return models


def _predicted(one: Protocol, model: Any, learnt: NDArray[np.int64], judged: NDArray[np.int64]) -> Floats:
    matrix = layout_of(one.frame, sorted(one.frame.column_names)).matrix(one.frame)
    model.fit(matrix[learnt], one.label[learnt])
    if one.kind == "classification":
        return np.asarray(model.predict_proba(matrix[judged])[:, 1])
    values = np.asarray(model.predict(matrix[judged]))
    return values if one.minimum is None else np.maximum(values, one.minimum)


def _mean_auc(one: Protocol, found: list[Floats]) -> float:
    parts = zip(one.splits, found, strict=True)
    return float(np.mean([roc_auc_score(one.label[judged], p) for (_, judged), p in parts]))


def _pooled(measure: Callable[[Floats, Floats], float]) -> Callable[[Protocol, list[Floats]], float]:
    def pooled(one: Protocol, found: list[Floats]) -> float:
        actual = np.concatenate([one.label[judged] for _, judged in one.splits])
        return float(measure(actual, np.concatenate(found)))

    return pooled


def _reciprocal_rank(one: Protocol, found: list[Floats]) -> float:
    assert one.queries is not None
    ranks = []
    for (_, judged), predicted in zip(one.splits, found, strict=True):
        query, label = one.queries[judged], one.label[judged]
        wanted = {q: p for q, p, hit in zip(query, predicted, label, strict=True) if hit > 0}
        target = np.array([wanted[q] for q in query])
        place = dict.fromkeys(wanted, 1.0)
        # Of equal predictions, half are taken to come before.
        for q, other, mine, hit in zip(query, predicted, target, label, strict=True):
            place[q] += 0.0 if hit > 0 else float(other > mine) + 0.5 * float(other == mine)
        ranks.extend(1.0 / p for p in place.values())
    return float(np.mean(ranks))


MEASURES: dict[str, Callable[[Protocol, list[Floats]], float]] = {
    "AUC": _mean_auc,
    "AP": _pooled(average_precision_score),
    "MAE": _pooled(lambda y, p: float(np.abs(y - p).mean())),
    "RMSE": _pooled(lambda y, p: float(np.sqrt(((y - p) ** 2).mean()))),
    "Spearman": _pooled(lambda y, p: float(spearmanr(y, p).statistic)),
    "MRR": _reciprocal_rank,
}

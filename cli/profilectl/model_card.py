"""The model card: everything that is known of a stored model, gathered from schema ``ml``."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from profilectl.facts import Row, has_table, model_table, rows
from profilectl.model_limits import limits

DRIFTED = 0.25
_LARGER_IS_BETTER = (
    "auc", "average_precision", "precision", "recall", "r2", "spearman",
    "silhouette", "stability", "agreement",
)  # fmt: skip
_MODEL = ("model_id", "task", "kind", "candidate", "created_at", "serving")
_DATA = ("n_train", "n_test", "train_cutoffs", "test_cutoff", "data_fingerprint", "seed", "seconds")


def model_card(connection: duckdb.DuckDBPyConnection, model_id: str) -> dict[str, Any]:
    """Return the card of a model, from a warehouse or a published file.

    Parameters
    ----------
    model_id
        A model of ``ml.models``, or of ``meta.models`` in a published file.

    Returns
    -------
    dict
        ``model``, ``run``, ``asked`` (label and what else was declared), ``data``, ``choice`` (why, metric,
        standings, skipped, trials, threshold, costs), ``candidates`` (metrics per split), ``importance``,
        ``features``, ``reliability``, ``slices``, ``left_out``, ``promotions`` and ``limits``, in words. What
        a run did not leave is empty.
    """
    [model] = rows(
        connection,
        f"select {', '.join(_MODEL)} from {model_table(connection)} where model_id = ?",
        [model_id],
    )
    [run] = rows(
        connection,
        f"select * from ml.runs where run_id = (select run_id from {model_table(connection)}"
        " where model_id = ?)",
        [model_id],
    )
    details = json.loads(run.get("details") or "{}")
    run_id, task = run["run_id"], run["task"]
    card: dict[str, Any] = {
        "model": model,
        "run": {name: run[name] for name in ("run_id", "chosen", "baseline", "promoted", "reason")},
        "asked": details.get("asked", {}),
        "data": {
            **{name: run.get(name) for name in _DATA},
            "how": details.get("how"),
            "sample": details.get("sample"),
        },
        "choice": {
            "why": details.get("why"),
            "metric": details.get("metric"),
            "threshold": details.get("threshold"),
            "costs": details.get("costs"),
            "params": _setting(json.loads(run.get("params") or "{}").get(run["chosen"], {}), model["kind"]),
            "standings": details.get("standings", []),
            "skipped": details.get("skipped", {}),
            "trials": details.get("trials", []),
        },
        "candidates": _candidates(connection, run_id),
        "importance": _table(
            connection,
            "feature_importance",
            "select feature, importance, low, high from ml.feature_importance where model_id = ?"
            " order by importance desc, feature",
            model_id,
        ),
        "features": _table(
            connection,
            "feature_report",
            "select feature, relevance, redundancy, redundant_with, psi, selected,"
            f" coalesce(psi > {DRIFTED}, false) as drifted from ml.feature_report where run_id = ?"
            " order by relevance desc, feature",
            run_id,
        ),
        "reliability": _table(
            connection,
            "reliability",
            "select candidate, bin, n, predicted, observed from ml.reliability where run_id = ?"
            " order by candidate, bin",
            run_id,
        ),
        "slices": _table(
            connection,
            "slices",
            "select slice, value, n, metric, score, baseline from ml.slices where run_id = ?",
            run_id,
        ),
        "left_out": details.get("left_out", {}),
        "promotions": _table(
            connection,
            "promotions",
            "select promoted_at, event, model_id, reason from ml.promotions where task = ?"
            " order by promoted_at desc, rowid desc",
            task,
        ),
    }
    card["limits"] = limits(card)
    return card


def better_when_larger(metric: str) -> bool:
    """Return whether a larger figure is the better one.

    Examples
    --------
    >>> better_when_larger("auc"), better_when_larger("rmse"), better_when_larger("ndcg_at_10")
    (True, False, True)
    """
    ranked = metric.startswith(("ndcg_at_", "recall_at_"))
    return ranked or metric in _LARGER_IS_BETTER


def _setting(params: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return what was set; of a blend of signals its weights, without what scales the signals."""
    if kind != "recommendation" or "weights" not in params:
        return params
    return {signal: round(weight, 4) for signal, weight in params["weights"].items()}


def _candidates(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Row]:
    return rows(
        connection,
        "select candidate, split, metric, value, low, high from ml.metrics where run_id = ? order by 1, 2, 3",
        [run_id],
    )


def _table(connection: duckdb.DuckDBPyConnection, name: str, sql: str, key: str) -> list[Row]:
    return rows(connection, sql, [key]) if has_table(connection, "ml", name) else []

"""What a training run found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from profilectl_ml.evaluation import Metric
from profilectl_ml.feature_report import FeatureFacts
from profilectl_ml.importance import Importance
from profilectl_ml.judging import Reliability
from profilectl_ml.slices import Slice


@dataclass(frozen=True)
class TrainResult:
    """What a training run found.

    Attributes
    ----------
    run_id, model_id
        Keys in ``ml.runs`` and ``ml.models``.
    task
        Name of the task.
    winner
        The candidate that validation chose.
    serving
        The candidate that serves: the winner, or the baseline if the winner was not promoted.
    promoted, reason
        Whether the winner serves, and why.
    params
        The winner's setting.
    validation, test
        Metrics by candidate and name, in the label's unit (``mse, rmse, mae, r2, spearman``) or of
        probabilities (``auc, average_precision, brier, log_loss, cost, precision, recall``).
    importance
        The serving model's features, the most important first.
    features
        Relevance, redundancy and stability of every feature.
    reliability
        Of each candidate's probabilities on the test rows; empty for amounts.
    threshold
        From which probability of the serving candidate on a user counts as positive; None for amounts.
    details
        How the choice was made: standings, trials, what was skipped and why.
    slices
        How the serving model does on parts of the test rows.
    train_cutoffs, test_cutoff
        Days the judged models learnt from, and the day they were judged on.
    n_train, n_test
        Rows learnt from and judged on.
    fingerprint
        Of the labelled rows that were read: of all, or of a sample of the users.
    seconds
        Wall time.
    """

    run_id: str
    model_id: str
    task: str
    winner: str
    serving: str
    promoted: bool
    reason: str
    params: dict[str, Any]
    validation: dict[str, dict[str, Metric]]
    test: dict[str, dict[str, Metric]]
    importance: list[Importance]
    train_cutoffs: tuple[date, ...]
    test_cutoff: date | None
    n_train: int
    n_test: int
    fingerprint: str
    seconds: float
    kind: str = "regression"
    features: list[FeatureFacts] = field(default_factory=list)
    reliability: dict[str, Reliability] = field(default_factory=dict)
    threshold: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    slices: list[Slice] = field(default_factory=list)

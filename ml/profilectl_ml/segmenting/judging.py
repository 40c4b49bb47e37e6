"""Whether a clustering is worth more than bands of one column, on users that chose nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import Pipeline

from profilectl_ml.evaluation import Metric
from profilectl_ml.segmenting.choosing import silhouette, stability

BASELINE = "bands"
Judged = dict[str, Metric]


def judge(
    model: Pipeline, learnt: NDArray[np.float64], judged: NDArray[np.float64], scale: Pipeline, seed: int
) -> Judged:
    """Return silhouette, stability and agreement of a segmentation on rows it was not chosen on.

    Parameters
    ----------
    model
        A pipeline, fitted here on ``learnt``.
    learnt, judged
        Features in natural units, each ``(rows, features)``.
    scale
        What makes points of them, the same for all that are compared: a scaling of ``learnt``.
    """
    points = scale.transform(judged)
    labels = clone(model).fit(learnt).predict(judged)
    agreement = float(adjusted_rand_score(labels, clone(model).fit(judged).predict(judged)))

    def make(number: int) -> object:
        clusterer = clone(model.named_steps["cluster"])
        if "random_state" in clusterer.get_params():
            clusterer.set_params(random_state=number)
        return clusterer

    return {
        "silhouette": silhouette(points, labels, seed),
        "stability": stability(points, make, seed),
        # Learnt on one half and on the other: would other users have been given the same segments?
        "agreement": Metric(agreement, agreement, agreement),
    }


def worth(figures: Judged) -> float:
    """Return the silhouette times the stability: how well it separates, as far as it can be relied on."""
    return figures["silhouette"].value * max(0.0, figures["stability"].value)


def verdict(ours: Judged, theirs: Judged, k: int, bands: int, column: str) -> tuple[bool, str]:
    """Return whether the clustering serves, and the figures in words."""
    better = worth(ours) > worth(theirs)
    figures = (
        f"silhouette times stability {worth(ours):.3f} against {worth(theirs):.3f}"
        f" of {bands} bands of {column}, on users kept aside"
    )
    if better:
        return True, f"{k} segments beat the baseline: {figures}"
    return False, f"{k} segments do not beat the baseline: {figures}; the bands serve"

"""Learning everything a history can teach, and choosing EASE's setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from profilectl_ml.recommending import als
from profilectl_ml.recommending.ease import GRID, MAX_SIDE, Ease, EaseSetting, fit_ease
from profilectl_ml.recommending.history import History
from profilectl_ml.recommending.ranking import FIGURES, RECALL_AT, best, figures
from profilectl_ml.recommending.signals import Fitted, strengths
from profilectl_ml.recommending.similarity import item_item, next_item
from profilectl_ml.recommending.task import RecommendationTask
from profilectl_ml.splits import user_groups

_JUDGES = 500  # users that choose EASE's setting


@dataclass(frozen=True)
class Settings:
    """EASE's settings, for strengths and for recent strengths."""

    ease: EaseSetting = GRID[1]
    ease_recent: EaseSetting = GRID[1]


# What a single signal needs beside itself, to be scored or to give reasons.
_EXPLAINS = {"ease_later": ("ease",), "ease_recent": ("ease",), "als": ("item_item",)}


def needed_for(task: RecommendationTask, serving: str) -> RecommendationTask:
    """Return the task with no more candidates than it takes to let one of them serve."""
    if serving == "blend":
        return task
    return replace(task, candidates=(serving, *_EXPLAINS.get(serving, ())))


def allowed_items(history: History, users: NDArray[np.int64], repeats: str) -> NDArray[np.bool_]:
    """Return what may be recommended, ``(users, items)``: all, what is new, or what was had before."""
    if repeats == "both":
        return np.ones((len(users), history.shape[1]), dtype=bool)
    had: NDArray[np.bool_] = history.matrix(np.ones_like(history.data["count"]))[users].toarray() > 0
    return had if repeats == "true" else ~had


def sample(history: History, most: int) -> NDArray[np.int64]:
    """Return the positions of at most so many users, in order, picked by a hash of their ids."""
    users = np.arange(history.shape[0])
    if len(users) <= most:
        return users
    return np.sort(np.argsort(user_groups(history.users, 2**31 - 1), kind="stable")[:most])


def fit_signals(
    connection: duckdb.DuckDBPyConnection,
    task: RecommendationTask,
    history: History,
    settings: Settings,
    seed: int,
) -> Fitted:
    """Learn what the task's candidates need from a history just read."""
    wanted, items = set(task.candidates), history.shape[1]
    timed = history.timed
    few = sample(history, MAX_SIDE)
    return Fitted(
        history=history,
        similar=item_item(connection, items) if "item_item" in wanted else None,
        following=next_item(connection, items) if timed and "next_item" in wanted else None,
        ease=_ease(history, "log", settings.ease, few) if "ease" in wanted else None,
        ease_recent=_ease(history, "log_long", settings.ease_recent, few)
        if timed and "ease_recent" in wanted
        else None,
        als=als.fit_als(history.matrix("count"), seed) if "als" in wanted and als.available() else None,
    )


def choose_settings(task: RecommendationTask, history: History, truth: Any) -> Settings:
    """Return the settings with the best figure on the held-out truth of a fixed sample of users."""
    chosen = {}
    for name, strength in (("ease", "log"), ("ease_recent", "log_long")):
        if name not in task.candidates or (name == "ease_recent" and not history.timed):
            continue
        found = [(_judge(task, history, truth, strength, setting), setting) for setting in GRID]
        chosen[name] = max(found, key=lambda pair: pair[0])[1]
    return Settings(**chosen)


def _judge(
    task: RecommendationTask, history: History, truth: Any, strength: str, setting: EaseSetting
) -> float:
    model = _ease(history, strength, setting, sample(history, MAX_SIDE))
    few = sample(history, _JUDGES)
    few = few[np.asarray(truth[few].sum(axis=1)).ravel() > 0]
    if not len(few):
        return 0.0
    scores = model.scores(history.matrix(strengths(history, strength))[few])
    scores[~allowed_items(history, few, task.repeats)] = -np.inf
    actual = truth[few].toarray()
    hits = np.take_along_axis(actual, best(scores, RECALL_AT), axis=1)
    return float(figures(hits, actual.sum(axis=1))[:, FIGURES.index(task.metric)].mean())


def _ease(history: History, strength: str, setting: EaseSetting, few: NDArray[np.int64]) -> Ease:
    return fit_ease(history.matrix(strengths(history, strength)), setting, few)

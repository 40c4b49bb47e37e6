"""When to train again: never trained, too old, worse than it was judged to be, or users have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import duckdb

from profilectl_ml.checks import Check, note
from profilectl_ml.data import check_examples, check_features
from profilectl_ml.declaration import RETRAIN, Declaration, declarations
from profilectl_ml.drift import Drift, drift
from profilectl_ml.errors import in_one_line
from profilectl_ml.realised import Realised, realised_error
from profilectl_ml.registry import StoredModel, list_models, load
from profilectl_ml.tasks import SUPERVISED, Task, from_details


@dataclass(frozen=True)
class RetrainRule:
    """What a task declares under ``retrain``; the first condition that holds decides.

    Attributes
    ----------
    max_age_days
        Days since the training after which the model is too old.
    max_drift
        Population stability index, weighted by what each feature is worth to the model, above which users
        are others than those it learnt from (above 0.25 a feature has moved: Siddiqi 2006).
    on_error
        Whether an error above the interval of the test counts, on outcomes that have become known since.
    """

    max_age_days: int = 90
    max_drift: float = 0.25
    on_error: bool = True


def rules(manifest: Mapping[str, Any]) -> dict[str, RetrainRule]:
    """Return the rule of each declared task, by its name.

    Raises
    ------
    ProfilectlError
        If a declaration has a wrong key or value; the message names its file.
    """
    return {declared.name: _rule(declared) for declared in declarations(manifest)}


def check(
    connection: duckdb.DuckDBPyConnection, task: str, rule: RetrainRule, *, today: date | None, now: datetime
) -> Check:
    """Decide whether ``task`` is due; a decision is made once a day of the data, and kept in ``ml.checks``.

    Parameters
    ----------
    today
        The last complete day of the data; None before anything was built.
    now
        The present moment, UTC, from which the age counts.
    """
    listed = list_models(connection, task)
    model = next((m for m in listed if m.serving), None)
    model_id = "" if model is None else model.model_id
    kept = connection.execute(
        "select due, reason from ml.checks where task = ? and model_id = ? and as_of is not distinct from ?"
        " order by checked_at desc limit 1",
        [task, model_id, today],
    ).fetchall()
    if kept and (model is None or not _is_old(model, rule, now)):
        return Check(task, model_id, bool(kept[0][0]), str(kept[0][1]))
    if model is None:
        due, reason = True, "no model serves" if listed else "no model yet"
    else:
        due, reason = _judge(connection, model, rule, now)
    found = Check(task, model_id, due, reason)
    note(connection, found, today=today, now=now)
    return found


def _judge(
    connection: duckdb.DuckDBPyConnection, model: StoredModel, rule: RetrainRule, now: datetime
) -> tuple[bool, str]:
    try:
        return _judged(connection, model, rule, now)
    except Exception as error:  # whatever it is, it must not keep what was built from readers
        # A model that cannot predict any more is replaced, or the training says why it cannot be.
        return True, f"it cannot be judged any more: {in_one_line(error)}"


def _judged(
    connection: duckdb.DuckDBPyConnection, model: StoredModel, rule: RetrainRule, now: datetime
) -> tuple[bool, str]:
    age = (now - model.created_at).days
    if _is_old(model, rule, now):
        return True, f"{age} days old, {rule.max_age_days} are the most"
    told = [f"{age} of {rule.max_age_days} days old"]
    if model.kind in SUPERVISED:
        loaded = load(connection, model.model_id)
        task: Task = from_details(loaded.details["task"])
        if task.source or not task.cutoff:
            return False, told[0]
        check_features(connection, task, loaded.layout)
        check_examples(connection, task, loaded.layout)
        if rule.on_error:
            error: Realised = realised_error(connection, loaded, task)
            if error.is_worse:
                return True, error.told
            told.append(error.told)
        moved: Drift = drift(connection, loaded, task)
        if moved.value is not None and moved.value > rule.max_drift:
            return True, f"{moved.told}, {rule.max_drift:g} is the most"
        told.append(moved.told)
    return False, "; ".join(told)


def _is_old(model: StoredModel, rule: RetrainRule, now: datetime) -> bool:
    return (now - model.created_at).days > rule.max_age_days


def _rule(declared: Declaration) -> RetrainRule:
    given = declared.given.get(RETRAIN, {})
    known = {field.name for field in fields(RetrainRule)}
    if not isinstance(given, Mapping) or not set(given) <= known:
        raise declared.wrong(f"{RETRAIN} may have the keys {', '.join(sorted(known))}")
    age, most, error = (
        given.get(name, getattr(RetrainRule, name)) for name in ("max_age_days", "max_drift", "on_error")
    )
    if isinstance(age, bool) or not isinstance(age, int) or age < 1:
        raise declared.wrong(f"{RETRAIN}: max_age_days must be a whole number of days from 1, not {age!r}")
    if isinstance(most, bool) or not isinstance(most, int | float) or most <= 0:
        raise declared.wrong(f"{RETRAIN}: max_drift must be a number above 0, not {most!r}")
    if not isinstance(error, bool):
        raise declared.wrong(f"{RETRAIN}: on_error must be true or false, not {error!r}")
    return RetrainRule(age, float(most), error)

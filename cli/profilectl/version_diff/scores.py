"""How scores and segments moved, and whether another model serves."""

from __future__ import annotations

from typing import Any

from profilectl.facts import Row
from profilectl.version_diff.sides import Sides

_SCORES = ("user_id", "task", "score", "percentile")


def scores(sides: Sides, limit: int) -> list[dict[str, Any]]:
    """Return how the scores of each task moved between the versions.

    Each has users before, after and in both; how many of those moved, by how much (``mean_change`` with its
    sign; ``mean``, ``median`` and ``p95`` of the absolute change, over users in both), how many are in
    another tenth of the percentiles, and the ``limit`` largest movers.
    """
    if not sides.have("ml", "scores", *_SCORES):
        return []
    # Joined once, and kept as numbers: what follows reads it several times.
    sides.connection.execute(
        "create or replace temp table moves as "
        "select coalesce(b.task, a.task) as task, b.user_id is not null as was, "
        "a.user_id is not null as now, b.user_id, b.score as before, a.score as after, "
        "a.score - b.score as change, "
        # The percentile is the share who score at most as high: 100 is the highest tenth, too.
        "least(floor(b.percentile / 10), 9) is distinct from least(floor(a.percentile / 10), 9) as crossed "
        "from before.ml.scores b full join after.ml.scores a on a.task = b.task and a.user_id = b.user_id"
    )
    summary = sides.rows(
        "select task, count(*) filter (was) as before, count(*) filter (now) as after, "
        "count(*) filter (was and now) as both, "
        "count(*) filter (was and now and before is distinct from after) as moved, "
        "avg(change) as mean_change, avg(abs(change)) as mean, quantile_cont(abs(change), 0.5) as median, "
        "quantile_cont(abs(change), 0.95) as p95, "
        "count(*) filter (was and now and crossed) as crossed_tenths from moves group by task order by task"
    )
    for one in summary:
        one["largest"] = sides.rows(
            "select user_id, before, after, change from moves where task = ? and change <> 0 "
            "order by abs(change) desc, user_id limit ?",
            [one["task"], limit],
        )
    sides.connection.execute("drop table moves")
    return summary


def models(sides: Sides) -> list[Row]:
    """Return which model served each task before and after, and whether it is another one now."""
    if not sides.have("meta", "models", "task", "model_id", "candidate", "serving"):
        return []
    return sides.rows(
        "select coalesce(b.task, a.task) as task, b.model_id as before, a.model_id as after, "
        "b.candidate as candidate_before, a.candidate as candidate_after, "
        "b.model_id is distinct from a.model_id as changed "
        "from (from before.meta.models where serving) b full join (from after.meta.models where serving) a "
        "on a.task = b.task order by 1"
    )


def segments(sides: Sides, limit: int) -> list[dict[str, Any]]:
    """Return for each clustering task the users in another segment now, and the ``limit`` largest moves.

    ``only_before`` and ``only_after`` are segments that one version has and the other has not.
    """
    if not sides.have("ml", "segments", "user_id", "task", "segment"):
        return []
    joined = (
        "with moves as (select coalesce(b.task, a.task) as task, b.segment as was, a.segment as became, "
        "count(*) as users from before.ml.segments b full join after.ml.segments a "
        "on a.task = b.task and a.user_id = b.user_id group by all) "
    )
    summary = sides.rows(
        f"{joined} select task, "
        "coalesce(sum(users) filter (was is not null and became is not null), 0)::bigint as both, "
        "coalesce(sum(users) filter (was <> became), 0)::bigint as migrated from moves "
        "group by task order by task"
    )
    only = (
        "select distinct segment from {here}.ml.segments where task = ? and segment not in "
        "(select segment from {there}.ml.segments where task = ?) order by 1"
    )
    for one in summary:
        task = one["task"]
        one["moves"] = sides.rows(
            f"{joined} select was, became, users from moves where task = ? and was <> became "
            "order by users desc, was, became limit ?",
            [task, limit],
        )
        for name, here, there in (("only_before", "before", "after"), ("only_after", "after", "before")):
            found = sides.rows(only.format(here=here, there=there), [task, task])
            one[name] = [row["segment"] for row in found]
    return summary

"""Questions about audience segments: sizes, what sets them apart, and what models say of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from profilectl.facts import Row, model_table, rows

#: Traits of a segment that are kept: further ones hardly set it apart.
TRAITS = 8


def segments(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return (task, segment, description, users, share, value, model_id, as_of), the largest first.

    ``users`` and ``share`` [share 0-1] are counted now; ``value`` is the sum of the task's value column.
    """
    return rows(
        connection,
        "select task, segment, any_value(description) as description, count(*) as users, "
        "count(*) / sum(count(*)) over (partition by task) as share, any_value(value) as value, "
        "any_value(model_id) as model_id, max(as_of) as as_of "
        "from marts.user_segments where segment is not null group by task, segment "
        "order by task, users desc, segment",
    )


def traits(connection: duckdb.DuckDBPyConnection, found: Sequence[Row]) -> list[Row]:
    """Return (task, segment, feature, apart, mean, overall, value_share) of the segments that serve.

    ``apart`` is how far the segment's mean lies from everyone's, in standard deviations.
    """
    stored = rows(
        connection,
        "select task, segment, details from ml.segment_profiles "
        "where model_id in (select unnest(?::varchar[])) order by task, segment",
        [sorted({str(row["model_id"]) for row in found})],
    )
    told = []
    for row in stored:
        details = json.loads(row["details"] or "{}")
        told += [
            {
                "task": row["task"],
                "segment": row["segment"],
                "value_share": details.get("value_share"),
                **{name: trait[name] for name in ("feature", "apart", "mean", "overall")},
            }
            for trait in details.get("traits", [])[:TRAITS]
        ]
    return told


def mean_scores(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return (task of the segments, segment, scored task, users, mean score, is it a probability)."""
    models = model_table(connection) or "(select null as model_id, null as kind)"
    return rows(
        connection,
        "select segments.task, segments.segment, scores.task as scored, count(*) as users, "
        "avg(scores.score) as score, coalesce(bool_or(models.kind = 'classification'), false) as is_share "
        "from marts.user_segments as segments inner join marts.user_scores as scores using (user_id) "
        f"left join {models} as models on scores.model_id = models.model_id "
        "where segments.segment is not null group by 1, 2, 3 order by 1, 3, score desc, 2",
    )

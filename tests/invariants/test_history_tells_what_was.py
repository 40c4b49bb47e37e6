"""History: for every day with a build it says what the marts said after that day's last one.

A generated history lands batch by batch (merges, splits, late rows, redelivered files); days go on, stay, and
once go back; models score, are replaced, and predict in batches; users get segments. After each build the
marts are copied, and in the end the history must say the same, column for column.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from histories import history
from hypothesis import given
from mart_tables import Table, differences, marts_of_one
from warehouses import Warehouses, property_of_builds, seeds, some_first_models

from dbt_home import Built, Home

MARTS = {
    "user_profile": "user_profile_history",
    "user_features": "user_features_history",
    "user_scores": "user_scores_history",
}
TASKS = ("spend_next_28d", "churn_next_28d", "in batches")
FIRST_DAY = dt.date(2024, 4, 28)
#: Stored models: what each makes of the features.
STATEMENTS = {
    "m0": "spend_84d + coalesce(recency_days, 7) * 0.5",
    "m1": "spend_ewma_4w * 1.37 + baskets_28d",
}

Said = dict[dt.date, dict[str, Table]]


@pytest.fixture(params=[False, True], ids=["as it happened", "strict"])
def warehouses(request: pytest.FixtureRequest, tmp_path: Path, manifest: Any) -> Warehouses:
    return Warehouses(tmp_path, manifest, "2024-04-28", request.param)


def days_of(chance: random.Random, builds: int) -> list[dt.date]:
    """The day of each build: mostly one or a few on, some days twice, and the last but one an earlier day."""
    days = [FIRST_DAY, FIRST_DAY + dt.timedelta(days=2)]
    while len(days) < builds - 2:
        days.append(days[-1] + dt.timedelta(days=chance.choice([0, 1, 1, 2, 9, 30])))
    back = FIRST_DAY + dt.timedelta(days=chance.choice([0, 1]))
    return [*days, back, days[-1] + dt.timedelta(days=chance.choice([1, 30]))]


def copied(built: Built) -> dict[str, Table]:
    """The marts as they are now."""
    return {mart: marts_of_one(built, mart).without({"changed_in"}) for mart in MARTS}


def told(built: Built, day: dt.date, like: dict[str, Table]) -> dict[str, Table]:
    """What the history says of ``day``, asked as a BI tool would."""
    found = {}
    for mart, view in MARTS.items():
        columns = ", ".join(f'"{name}"' for name in like[mart].columns)
        asked = f"valid_from <= '{day}' and coalesce(valid_to > '{day}', true)"
        rows = built.rows(f"select {columns} from marts.{view} where {asked} order by all")
        found[mart] = Table(like[mart].columns, rows)
    return found


def check(built: Built, said: Said, sides: str) -> None:
    days = [day for (day,) in built.rows("select day from history.history_days order by day")]
    assert days == sorted(said), sides
    for day, tables in said.items():
        changed = differences(tables, told(built, day, tables))
        assert changed == "", f"{sides}: {day} as it was | as history tells it\n{changed}"


def store_models(home: Home) -> None:
    """Two models of one task, one of another, and one that predicts in batches."""
    models = [
        ("m0", TASKS[0], STATEMENTS["m0"], True),
        ("m1", TASKS[0], STATEMENTS["m1"], False),
        ("m2", TASKS[1], STATEMENTS["m1"], True),
        ("m3", TASKS[2], None, True),
    ]
    with duckdb.connect(str(home.warehouse)) as connection:
        for model_id, task, formula, serving in models:
            scored = f'select user_id, as_of, {formula} as score from "marts"."user_features"'
            details = {"task": {"features": ["marts", "user_features"], "entity": "user_id"}}
            connection.execute(
                "insert into ml.models by name select ? as model_id, ? as task, ? as scoring_sql,"
                " ? as serving, ? as features, ? as details, 'ridge' as candidate, 'regression' as kind",
                [
                    *(model_id, task, scored if formula else None, serving),
                    *(json.dumps({"names": ["spend_84d"]}), json.dumps(details)),
                ],
            )


def between_builds(home: Home, chance: random.Random) -> None:
    """What people do meanwhile: promote a model, predict in batches, train a segmentation."""
    with duckdb.connect(str(home.warehouse)) as connection:
        if chance.random() < 0.4:
            connection.execute("update ml.models set serving = not serving where task = ?", [TASKS[0]])
        if chance.random() < 0.6:
            connection.execute("delete from ml.scores where task = ?", [TASKS[2]])
            connection.execute(
                "insert into ml.scores by name select user_id, ? as task, score,"
                " 100 * cume_dist() over (order by score) as percentile,"
                " 'm3' as model_id, timezone('UTC', now()) as scored_at, as_of from"
                " (select user_id, as_of, round(spend_all / ?) as score from marts.user_features) as made",
                [TASKS[2], chance.randint(1, 9)],
            )
        if chance.random() < 0.6:
            connection.execute("delete from ml.segments")
            connection.execute(
                "insert into ml.segments by name select user_id, 'audience_segments' as task,"
                " 'm4' as model_id, timezone('UTC', now()) as assigned_at, as_of,"
                " 'segment ' || (spend_all > ?) as segment"
                " from marts.user_features",
                [chance.randint(0, 60)],
            )


def change_of(said: Said, mart: str, column: str) -> set[Sequence[Any]]:
    """The values a column had over the days, by user."""
    found = set()
    for tables in said.values():
        place = tables[mart].columns.index(column)
        found |= {(row[0], row[place]) for row in tables[mart].rows}
    return found


@property_of_builds
@given(seed=seeds)
def test_every_day_is_told_as_its_last_build_left_it(
    warehouses: Warehouses, manifest: Any, seed: int
) -> None:
    chance = random.Random(f"{warehouses.strict} {seed}")  # noqa: S311 - test rows
    batches = history(chance, batches=4 - warehouses.strict)
    days, said, home = days_of(chance, len(batches) + 1), Said(), warehouses.new()
    for number, batch in enumerate(batches):
        home.extra = {"PROFILECTL_AS_OF": str(days[number])}
        batch.land(home)
        if number == 2:  # a build that is killed, and goes on as the next one
            warehouses.built(home, "--select", *some_first_models(manifest, chance), batch=batch)
        built = warehouses.built(home, batch=batch)
        said[days[number]] = copied(built)
        if number == 0:
            store_models(home)
        between_builds(home, chance)
    home.extra = {"PROFILECTL_AS_OF": str(days[-1])}  # nothing new but the day
    said[days[-1]] = copied(warehouses.built(home))
    check(Built(home.warehouse, {}), said, f"seed {seed}")

    # what the above rests on: users went, scores moved, and models were exchanged
    users = {day: {row[0] for row in tables["user_profile"].rows} for day, tables in said.items()}
    assert users[days[1]] - users[days[-1]]
    scores = change_of(said, "user_profile", "score_spend_next_28d")
    assert len(scores) > len({user for user, _ in scores})
    assert not any(built.rows("select count(*) from history.history_windows where is_raw")[0]), (
        "rules that do not hold"
    )

    said[days[-1]] = copied(warehouses.built(home, "--full-refresh"))
    check(Built(home.warehouse, {}), said, f"seed {seed}, after a full refresh")

"""A plain dbt run scores everyone anew with the stored statements of the models that serve."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from dbt_home import Built, Home
from profilectl_ml.estimators import ColumnLevel
from profilectl_ml.layout import Layout
from profilectl_ml.preprocessing import preprocessing
from profilectl_ml.schema import create_ml_tables
from profilectl_ml.scoring import score_users, scoring_statement, write_scores
from profilectl_ml.sql import quote_relation
from profilectl_ml.tasks import Task
from profilectl_ml.watermarks import TOUCHED, mark, newest
from profilectl_ml.watermarks import touched as kept

LAYOUT = Layout(("spend_84d", "baskets_84d", "recency_days", "age_band"), {"age_band": ("25-34", "35-44")})
TASK = Task(
    name="it's a task",
    kind="regression",
    label="label",
    horizon_days=28,
    entity="user_id",
    examples=("marts", "training_examples"),
    features=("marts", "user_features"),
    candidates=("ridge",),
    population="has_purchase",
    minimum=0.0,
)
SCORED = "select user_id, score, percentile, scored_at from ml.scores"
WRITTEN = "select user_id, task, score, percentile, model_id, as_of from ml.scores order by all"
SCORES = "select user_id, score, percentile, as_of from marts.user_scores order by user_id"


@pytest.fixture
def home(bad_input_built: Built, tmp_path: Path, manifest: Any) -> Home:
    """A copy of a warehouse that is already built."""
    home = Home(tmp_path / "home", manifest, artefacts=False)
    shutil.copyfile(bad_input_built.warehouse, home.warehouse)
    return home


@pytest.fixture
def models(home: Home) -> Any:
    """The serving model and its baseline, stored with the statement that scores."""
    with duckdb.connect(str(home.warehouse)) as connection:
        table = connection.execute("select * from marts.user_features").to_arrow_table()
        matrix = LAYOUT.matrix(table)
        trees = HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=2)
        model = make_pipeline(preprocessing(LAYOUT), trees).fit(matrix, np.nan_to_num(matrix[:, 0]) + 1.0)
        baseline = ColumnLevel(0, 0.3).fit(matrix, matrix[:, 0] * 0 + 1.0)
        store(connection, "m1", scoring_statement(TASK, model, baseline, LAYOUT), LAYOUT)
    return model, baseline


def store(
    connection: duckdb.DuckDBPyConnection,
    model_id: str,
    statement: str | None,
    layout: Layout,
    kind: str = TASK.kind,
) -> None:
    connection.execute(
        "insert into ml.models by name select ? as model_id, ? as task, ? as scoring_sql, ? as features,"
        " ? as details, true as serving, 'boosting' as candidate,"
        " ? as kind",
        [
            model_id,
            TASK.name,
            statement,
            layout.to_json(),
            json.dumps({"task": asdict(TASK)}, default=str),
            kind,
        ],
    )


def test_every_run_scores_as_python_does(home: Home, models: Any) -> None:
    for change in (
        "select 1",
        "update marts.user_features set spend_84d = spend_84d + 40, changed_in = changed_in + 1",
    ):
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute(change)
            connection.register("scored", score_users(connection, TASK, *models, LAYOUT))
            expected = connection.execute(
                "select user_id, score, 100 * cume_dist() over (order by score) as percentile, as_of"
                " from scored order by user_id"
            ).fetchall()
        assert len(expected) > 5
        built = home.dbt("run", "--select", "user_scores")
        assert not built.failed
        found = built.rows(SCORES)
        assert [row[0] for row in found] == [row[0] for row in expected]
        assert [row[1] for row in found] == pytest.approx([row[1] for row in expected], rel=1e-9)
        assert [row[2:] for row in found] == [row[2:] for row in expected]


def test_only_whom_a_build_touched_is_scored_anew(home: Home, models: Any) -> None:
    before = {row[0]: row for row in home.dbt("run", "--select", "user_scores").rows(SCORED)}
    touched, gone, *others = sorted(before)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "update marts.user_features set spend_84d = 4000, has_purchase = false,"
            " changed_in = changed_in + 1 where user_id = ?",
            [touched],
        )
        connection.execute("delete from marts.user_features where user_id = ?", [gone])
        # A row that nobody says was touched: scoring it would be scoring everyone.
        connection.execute("update marts.user_features set spend_84d = 1e6 where user_id = ?", [others[0]])
    after = {row[0]: row for row in home.dbt("run", "--select", "user_scores").rows(SCORED)}
    assert set(after) == {touched, *others}
    assert after[touched][1:3] == (1200.0, 100.0)
    assert after[touched][3] > before[touched][3]
    assert {user: after[user] for user in others} == {user: before[user] for user in others}


@pytest.mark.parametrize("touched", [2, 0], ids=["some", "everyone"])
def test_dbt_writes_the_rows_that_the_library_writes(
    home: Home, models: Any, tmp_path: Path, touched: int
) -> None:
    """Two texts of one statement, because dbt cannot call Python: percentiles, who stays and who goes."""
    statement = scoring_statement(TASK, *models, LAYOUT)
    if touched:
        home.dbt("run", "--select", "user_scores")
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "insert into ml.scores (user_id, task, score) values ('gone', $task, 1), ('u', 'another', 2)",
            {"task": TASK.name},
        )
        before = newest(connection, TASK.features)
        assert before is not None
        connection.execute(
            "update marts.user_features set spend_84d = 300 + hash(user_id) % 2, changed_in = changed_in + 1"
            " where user_id in (select user_id from marts.user_features order by user_id limit ?)",
            [touched],
        )
    shutil.copyfile(home.warehouse, tmp_path / "library.duckdb")
    with duckdb.connect(str(tmp_path / "library.duckdb")) as connection:
        options: Any = {"model_id": "m1", "scored_at": datetime.now()}
        if touched:
            mart, part = quote_relation(*TASK.features), quote_relation(*TOUCHED)
            with kept(connection, TASK.features, before) as users:
                assert users == touched
                task = replace(TASK, features=TOUCHED)
                options |= {"statement": statement.replace(mart, part), "everyone": TASK.features}
                write_scores(connection, task, *models, LAYOUT, **options)
        else:
            write_scores(connection, TASK, *models, LAYOUT, statement=statement, **options)
        expected = connection.execute(WRITTEN).fetchall()
    assert home.dbt("run", "--select", "user_scores").rows(WRITTEN) == expected
    assert len(expected) > 5


def test_features_that_do_not_say_what_changed_are_scored_when_they_are_others(
    home: Home, models: Any
) -> None:
    """Whether they are, dbt and the library tell by the same text."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("alter table marts.user_features drop column changed_in")
    before = home.dbt("run", "--select", "user_scores").rows(f"{SCORED} order by user_id")
    assert home.dbt("run", "--select", "user_scores").rows(f"{SCORED} order by user_id") == before
    with duckdb.connect(str(home.warehouse)) as connection:
        assert mark(connection, TASK.name, "scores", "m1", TASK.features).is_current
        connection.execute(
            "update marts.user_features set spend_84d = 4000 where user_id = ?", [before[0][0]]
        )
        assert not mark(connection, TASK.name, "scores", "m1", TASK.features).is_current
    after = home.dbt("run", "--select", "user_scores").rows(f"{SCORED} order by user_id")
    assert [row[0] for row in after] == [row[0] for row in before]
    assert min(row[3] for row in after) > max(row[3] for row in before)


def test_a_user_of_whom_nothing_is_left_has_no_score(home: Home, models: Any) -> None:
    """Nobody else's features change: what tells is that the features were written."""
    before = {row[0]: row for row in home.dbt("run", "--select", "user_scores").rows(SCORED)}
    gone = min(before)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "insert into seeds.identity_overrides by name select 'block' as action, identifier_type,"
            " identifier_value, 'asked' as reason from marts.identity_map where user_id = ?",
            [gone],
        )
        connection.execute("delete from ops.model_state where model = 'identity_overrides'")
    built = home.dbt("run", "--select", "int_identity_overrides+")
    assert not built.failed
    assert {row[0]: row for row in built.rows(SCORED)} == {
        user: row for user, row in before.items() if user != gone
    }


def test_the_population_rule_holds(home: Home, models: Any) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("update marts.user_features set has_purchase = null, spend_84d = 70 where true")
    found = home.dbt("run", "--select", "user_scores").rows
    assert found("select distinct score from marts.user_scores") == [(21.0,)]


def test_compiling_changes_nothing(home: Home, models: Any) -> None:
    assert home.dbt("compile", "--select", "user_scores").value("select count(*) from ml.scores") == 0


def test_a_model_that_predicts_in_batches_or_lacks_a_column_keeps_its_scores(home: Home, models: Any) -> None:
    for statement, layout in ((None, LAYOUT), ("select 'nobody'", Layout(("gone",), {}))):
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute("delete from ml.models; delete from ml.scores")
            store(connection, "m2", statement, layout)
            connection.execute(
                "insert into ml.scores values ('u', ?, 1, 100, 'm2', ?, null)",
                [TASK.name, datetime(2017, 1, 1)],
            )
        built = home.dbt("run", "--select", "user_scores")
        assert not built.failed
        assert built.rows("select user_id, score from marts.user_scores") == [("u", 1.0)]


@pytest.mark.parametrize(
    "change",
    [
        "rename has_purchase to bought",
        "rename user_id to person",
        "rename as_of to day",
        "alter has_purchase type varchar using 'yes, often'",
        "alter has_purchase type integer",
        "alter recency_days type varchar",
        "alter recency_days type date using date '2017-01-01'",
        "alter age_band type integer using 1",
    ],
)
def test_a_model_whose_columns_are_no_longer_what_it_learnt_keeps_its_scores(
    home: Home, models: Any, change: str
) -> None:
    before = home.dbt("run", "--select", "user_scores").rows(f"{SCORED} order by user_id")
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("update marts.user_features set changed_in = changed_in + 1")
        connection.execute(f"alter table marts.user_features {change}")
    built = home.dbt("run", "--select", "user_scores")
    assert not built.failed
    assert built.rows(f"{SCORED} order by user_id") == before


@pytest.mark.parametrize("kind", ["boolean", "hugeint", "decimal(9, 2)", "utinyint", "float"])
def test_numbers_may_be_of_another_type(home: Home, models: Any, kind: str) -> None:
    before = home.dbt("run", "--select", "user_scores").rows("select max(scored_at) from ml.scores")
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("update marts.user_features set changed_in = changed_in + 1")
        connection.execute(f"alter table marts.user_features alter baskets_84d type {kind} using 1")
        connection.execute("create type band as enum ('25-34', '35-44')")
        connection.execute("alter table marts.user_features alter age_band type band using '25-34'")
    built = home.dbt("run", "--select", "user_scores")
    assert not built.failed
    assert built.rows("select min(scored_at) from ml.scores") > before


def test_a_statement_that_assigns_segments_is_not_taken_for_scores(home: Home, models: Any) -> None:
    before = home.dbt("run", "--select", "user_scores").rows("select count(*) from marts.user_scores")
    with duckdb.connect(str(home.warehouse)) as connection:
        statement = "select user_id, 1 as segment from marts.user_features"
        store(connection, "segments", statement, LAYOUT, kind="clustering")
        connection.execute("update ml.models set task = 'segments' where model_id = 'segments'")
    built = home.dbt("run", "--select", "user_scores")
    assert not built.failed
    assert built.rows("select count(*) from marts.user_scores") == before


def test_a_failing_statement_leaves_the_old_scores(home: Home, models: Any) -> None:
    before = home.dbt("run", "--select", "user_scores").rows(SCORES)
    assert before
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("update ml.models set scoring_sql = 'select error(''broken'')'")
        connection.execute("update marts.user_features set changed_in = changed_in + 1")
    after = home.dbt("run", "--select", "user_scores")
    assert after.failed == {"user_scores"}
    assert after.rows(SCORES) == before


def test_dbt_and_the_library_make_the_same_tables(bad_input_built: Built) -> None:
    columns = (
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'ml'"
        " order by table_name, column_index"
    )
    made = bad_input_built.rows(columns)
    with duckdb.connect() as connection:
        create_ml_tables(connection)
        known = [
            row for row in connection.execute(columns).fetchall() if row[0] in {name for name, *_ in made}
        ]
    assert {name for name, *_ in made} >= {"scores", "models"}
    assert made == known

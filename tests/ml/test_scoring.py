from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pytest

from profilectl_ml import scoring
from profilectl_ml.data import read_examples
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.estimators import ColumnLevel
from profilectl_ml.layout import Layout
from profilectl_ml.registry import serving_model
from profilectl_ml.scoring import predict_bounded, score_users
from profilectl_ml.tasks import Task
from profilectl_ml.training import train

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]


def test_everyone_has_one_finite_score_and_a_percentile(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    train(connection, quick_task)
    row = connection.execute(
        "select count(*), count(distinct user_id), min(score), bool_and(isfinite(score)),"
        " min(percentile) > 0, max(percentile), min(as_of)::varchar from ml.scores"
    ).fetchall()[0]
    assert row == (121, 121, 0.0, True, True, 100.0, "2017-12-31")
    assert connection.execute("select score from ml.scores where user_id = 'never_bought'").fetchall() == [
        (0.0,)
    ]


def test_batches_give_the_same_scores(
    make_marts: MakeMarts, quick_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = make_marts()
    train(connection, quick_task)
    model = serving_model(connection, quick_task.name)
    baseline = ColumnLevel().fit(np.zeros((2, len(model.layout.names))), [0.0, 1.0])
    whole = score_users(connection, quick_task, model.estimator, baseline, model.layout)
    monkeypatch.setattr(scoring, "_BATCH_ROWS", 10)
    parts = score_users(connection, quick_task, model.estimator, baseline, model.layout)
    assert whole.column("user_id").equals(parts.column("user_id"))
    assert np.allclose(whole.column("score"), parts.column("score"), rtol=1e-12)
    stored = connection.execute("select user_id, score from ml.scores order by user_id").fetchnumpy()
    member = stored["user_id"] != "never_bought"
    wide = dict(zip(whole.column("user_id").to_pylist(), whole.column("score").to_pylist(), strict=True))
    assert [wide[u] for u in stored["user_id"][member]] == pytest.approx(list(stored["score"][member]))


def test_a_category_nobody_had_in_training_is_scored(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    connection.execute("update marts.user_features set home = 'houseboat' where user_id = 'u0003'")
    train(connection, quick_task)
    assert connection.execute("select isfinite(score) from ml.scores where user_id = 'u0003'").fetchall() == [
        (True,)
    ]


@pytest.mark.parametrize("name", ["is_member", "r", "score", "x_0", "Label"])
def test_a_feature_may_have_any_name(make_marts: MakeMarts, quick_task: Task, name: str) -> None:
    found = []
    for called in ("visits", name):
        connection = make_marts()
        for mart in ("training_examples", "user_features"):
            connection.execute(f'alter table marts.{mart} rename column visits to "{called}"')
        train(connection, quick_task)
        found.append(
            (
                connection.execute("select user_id, score from ml.scores order by 1").fetchall(),
                connection.execute(
                    "select user_id, rank, contribution from ml.score_reasons where feature = ? order by 1",
                    [called],
                ).fetchall(),
            )
        )
    (plain, reasons), (scores, renamed) = found
    assert len(reasons) > 0
    assert [user for user, _ in scores] == [user for user, _ in plain]
    assert [score for _, score in scores] == pytest.approx([score for _, score in plain])
    assert [row[:2] for row in renamed] == [row[:2] for row in reasons]
    assert [row[2] for row in renamed] == pytest.approx([row[2] for row in reasons])


@pytest.mark.parametrize("name", ["r", "h", "visits"])
def test_every_column_is_in_the_fingerprint(make_marts: MakeMarts, quick_task: Task, name: str) -> None:
    connection = make_marts()
    connection.execute(f"alter table marts.training_examples rename column visits to {name}")
    before = read_examples(connection, quick_task).fingerprint
    connection.execute("update marts.training_examples set spend_84d = spend_84d + 1 where user_id = 'u0003'")
    assert read_examples(connection, quick_task).fingerprint != before


def test_no_one_to_score_is_a_clear_error(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    connection.execute("delete from marts.user_features")
    with pytest.raises(ProfilectlError, match="no users to score"):
        train(connection, quick_task)


def test_a_prediction_that_is_not_finite_is_refused() -> None:
    model = ColumnLevel(factor=float("inf")).fit([[1.0]], [1.0])
    with pytest.raises(ProfilectlError, match="not a finite number"):
        predict_bounded(model, np.ones((1, 1)), 0.0)


def test_a_layout_reads_what_it_wrote() -> None:
    layout = Layout(("a", "b"), {"b": ("x", "y")})
    assert Layout.from_json(layout.to_json()) == layout
    with pytest.raises(ProfilectlError, match="no feature 'z'"):
        layout.position("z")

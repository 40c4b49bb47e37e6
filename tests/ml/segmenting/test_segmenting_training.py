from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
from segmenting_marts import MakeMart, people, put, segments

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.evaluation import Metric
from profilectl_ml.kinds import train as train_any
from profilectl_ml.registry import list_models
from profilectl_ml.segmenting import training
from profilectl_ml.segmenting.features import Feature
from profilectl_ml.segmenting.judging import Judged, verdict
from profilectl_ml.segmenting.reading import read_sample
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.segmenting.training import train


def told(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Everything that is said of the newest model's segments."""
    return connection.execute(
        "select segment, description, users, share, value, details from ml.segment_profiles order by all"
    ).fetchall()


def test_the_order_of_rows_changes_nothing(make_mart: MakeMart, task: ClusteringTask) -> None:
    frame = people()
    one, other = make_mart(frame), make_mart(frame.sample(frac=1, random_state=1))
    first, second = train(one, task), train(other, task)
    assert segments(one) == segments(other)
    assert told(one) == told(other)
    assert [t.stability for t in first.tried] == [t.stability for t in second.tried]
    fingerprints = [c.execute("select data_fingerprint from ml.runs").fetchall() for c in (one, other)]
    assert fingerprints[0] == fingerprints[1]


def test_every_feature_is_in_the_fingerprint(make_mart: MakeMart, task: ClusteringTask) -> None:
    """Whatever the columns are called, ``r`` say."""
    frame, columns = (
        people().rename(columns={"discount_share": "r"}),
        (*task.columns[:2], Feature("r", "none")),
    )
    found = {
        read_sample(
            make_mart(frame.assign(spend_84d=frame["spend_84d"] + more)), replace(task, columns=columns)
        ).fingerprint
        for more in (0, 1)
    }
    assert len(found) == 2


@pytest.mark.parametrize("ways", [("regulars", "gone"), ("regulars", "bargains", "gone")])
def test_as_many_segments_as_ways_to_behave(
    make_mart: MakeMart, task: ClusteringTask, ways: tuple[str, ...]
) -> None:
    frame = people(ways)
    connection = make_mart(frame)
    result = train(connection, task)
    assert result.chosen == f"k={len(ways)}"
    assert result.promoted
    found = frame["user_id"].map(segments(connection))
    assert pd.crosstab(frame["way"], found).gt(0).sum(axis=1).eq(1).all()


def test_everyone_is_in_one_segment_even_without_features(make_mart: MakeMart, task: ClusteringTask) -> None:
    frame = people()
    frame.loc[::9, "discount_share"] = np.nan
    frame.loc[::11, ["baskets_84d", "spend_84d", "discount_share"]] = np.nan
    frame.loc[5, "spend_84d"] = np.inf
    connection = make_mart(frame)
    train(connection, task)
    assert sorted(segments(connection)) == sorted(frame["user_id"])
    assert None not in segments(connection).values()
    counted = connection.execute("select sum(users), sum(share) from ml.segment_profiles").fetchall()[0]
    assert counted == (len(frame), pytest.approx(1.0))


def test_a_column_nobody_has_does_no_harm(make_mart: MakeMart, task: ClusteringTask) -> None:
    frame = people()
    frame["discount_share"] = np.nan
    connection = make_mart(frame)
    train(connection, task)
    assert len(segments(connection)) == len(frame)
    assert "discount" not in " ".join(str(row[1]) for row in told(connection))


def test_many_users_are_learnt_from_a_sample(make_mart: MakeMart, task: ClusteringTask) -> None:
    frame = people(users=300)
    connection = make_mart(frame)
    train(connection, replace(task, max_users=150))
    rows = connection.execute("select n_train + n_test from ml.runs").fetchall()
    assert rows == [(150,)]
    assert len(segments(connection)) == len(frame)


def test_all_is_written_and_any_kind_is_trained_alike(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    result = train_any(connection, task)
    run = connection.execute("select kind, chosen, baseline, promoted, reason from ml.runs").fetchall()
    assert run == [("clustering", result.chosen, "bands", True, result.reason)]
    metrics = connection.execute("select candidate, metric, low <= value, value <= high from ml.metrics")
    found = metrics.fetchall()
    tried = {(f"k={k}", metric) for k in (2, 3, 4, 5) for metric in ("silhouette", "stability")}
    assert tried <= {row[:2] for row in found}
    assert {("bands", "silhouette"), ("bands", "stability")} <= {row[:2] for row in found}
    assert all(low and high for _, _, low, high in found)
    assert [model.serving for model in list_models(connection)] == [True]
    events = connection.execute("select event, model_id from ml.promotions").fetchall()
    assert events == [("trained", result.model_id)]


def test_the_bands_serve_where_the_clustering_loses(
    make_mart: MakeMart, task: ClusteringTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = people()
    connection = make_mart(frame)
    monkeypatch.setattr(training, "verdict", lambda *_: (False, "worse"))
    result = train(connection, replace(task, least_k=3, most_k=3))
    serving = next(model for model in list_models(connection) if model.serving)
    assert (serving.candidate, result.promoted) == ("bands", False)
    found = frame.assign(segment=frame["user_id"].map(segments(connection)))
    ranges = found.groupby("segment")["spend_84d"].agg(["min", "max", "size"]).sort_values("min")
    assert (ranges["max"].to_numpy()[:-1] < ranges["min"].to_numpy()[1:]).all()
    assert ranges["size"].tolist() == [len(frame) // 3] * 3


def test_stability_counts_as_much_as_silhouette() -> None:
    def judged(apart: float, again: float) -> Judged:
        return {"silhouette": Metric(apart, apart, apart), "stability": Metric(again, again, again)}

    assert verdict(judged(0.5, 0.9), judged(0.4, 1.0), 4, 4, "spend")[0]
    better, reason = verdict(judged(0.5, 0.7), judged(0.4, 1.0), 4, 3, "spend")
    assert not better
    assert "0.350 against 0.400 of 3 bands of spend" in reason
    assert "the bands serve" in reason


def test_a_failure_leaves_everything_as_it_was(
    make_mart: MakeMart, task: ClusteringTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = make_mart(people())
    train(connection, task)
    before, said = segments(connection), told(connection)

    def fail(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(training.writing, "write_profiles", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        train(connection, task, seed=8)
    assert (segments(connection), told(connection)) == (before, said)
    assert connection.execute("select count(*) from ml.runs").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("alter table marts.user_features drop column spend_84d", "no column 'spend_84d'"),
        ("alter table marts.user_features alter spend_84d type varchar", "not a number"),
        ("delete from marts.user_features where way <> 'gone' or user_id > 'gone-02'", "at least 50"),
        ("insert into marts.user_features from marts.user_features limit 1", "rows for"),
        ("drop table marts.user_features", "no table"),
    ],
)
def test_what_cannot_be_segmented_is_said_clearly(
    make_mart: MakeMart, task: ClusteringTask, change: str, message: str
) -> None:
    connection = make_mart(people())
    connection.execute(change)
    with pytest.raises(ProfilectlError, match=message):
        train(connection, task)


def test_other_users_put_into_the_mart_are_found(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    train(connection, task)
    put(connection, people(seed=6).assign(user_id=lambda f: "new-" + f["user_id"]))
    train(connection, task)
    assert all(user.startswith("new-") for user in segments(connection))

"""Assignment in SQL equals scikit-learn's; a stored segmentation can serve again."""

from __future__ import annotations

import numpy as np
import pytest
from segmenting_marts import MakeMart, people, put, segments
from sklearn.utils.estimator_checks import parametrize_with_checks

from profilectl_ml.artefacts import FORMAT_VERSION, dump_model, load_model
from profilectl_ml.promotion import promote, rescore, rollback
from profilectl_ml.registry import load
from profilectl_ml.segmenting.assigning import assignment_sql
from profilectl_ml.segmenting.clusterers import Bands, kmeans, pipeline
from profilectl_ml.segmenting.reading import layout_of
from profilectl_ml.segmenting.scaling import ScaledFeatures
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.segmenting.training import train


@parametrize_with_checks([Bands(), ScaledFeatures()])
def test_our_estimators_pass_scikit_learns_checks(estimator: object, check: object) -> None:
    check(estimator)  # type: ignore[operator]


@pytest.mark.parametrize("clusterer", [kmeans(4, 1), Bands(5, 1)])
def test_sql_assigns_as_scikit_learn_does(
    make_mart: MakeMart, task: ClusteringTask, clusterer: object
) -> None:
    frame = people()
    frame.loc[::7, "spend_84d"] = np.nan
    frame.loc[::13, "discount_share"] = -np.inf
    frame.loc[::5, "baskets_84d"] *= -1
    connection = make_mart(frame)
    table = connection.execute("select * from marts.user_features order by user_id").to_arrow_table()
    matrix = layout_of(task).matrix(table)
    fitted = pipeline(task, clusterer).fit(matrix)  # type: ignore[arg-type]
    found = connection.execute(
        f"select segment, distance from ({assignment_sql(task, fitted, dated=True)}) order by user_id"
    ).fetchnumpy()
    expected = fitted.predict(matrix)
    assert found["segment"].tolist() == expected.tolist()
    points = fitted.named_steps["scale"].transform(matrix)
    centres = fitted.named_steps["cluster"].cluster_centers_
    np.testing.assert_allclose(
        found["distance"], np.linalg.norm(points - centres[expected], axis=1), atol=1e-9
    )


def test_bands_are_equally_large_and_never_empty() -> None:
    rows = np.arange(100.0)[:, None]
    assert np.bincount(Bands(4).fit(rows).labels_).tolist() == [25, 25, 25, 25]
    tied = np.array([[0.0]] * 90 + [[1.0]] * 10)
    assert np.bincount(Bands(4).fit(tied).labels_).tolist() == [90, 10]


def test_the_stored_statement_gives_the_stored_segments(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    train(connection, task)
    statement = connection.execute("select scoring_sql from ml.models").fetchall()[0][0]
    found = connection.execute(f"select user_id, segment from ({statement}) order by 1").fetchall()
    assert dict(found) == segments(connection)


def test_a_model_survives_the_round_trip(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    result = train(connection, task)
    assert load(connection, result.model_id).stored.kind == "clustering"
    bands = Bands(3).fit(np.arange(9.0)[:, None])
    again = load_model(dump_model({"model": bands, "baseline": None}), FORMAT_VERSION)["model"]
    assert again.predict([[0.0], [8.0]]).tolist() == [0, 2]


def test_an_earlier_segmentation_serves_again(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    first = train(connection, task)
    before = segments(connection)
    put(connection, people(seed=9).assign(user_id=lambda f: "new-" + f["user_id"]))
    second = train(connection, task)
    put(connection, people())
    assert rollback(connection, task.name).model_id == first.model_id
    assert segments(connection) == before
    assert promote(connection, second.model_id).users == len(before)
    assert not set(segments(connection).values()) & set(before.values())


def test_rescoring_keeps_the_names_of_segments_that_are_empty(
    make_mart: MakeMart, task: ClusteringTask
) -> None:
    connection = make_mart(people())
    train(connection, task)
    names = set(segments(connection).values())
    put(connection, people(("regulars",)))
    rescore(connection, task.name)
    assert len(set(segments(connection).values())) == 1
    said = dict(connection.execute("select segment, description from ml.segment_profiles").fetchall())
    assert set(said) == names
    assert list(said.values()).count("No users at present.") == len(names) - 1


def test_segments_are_later_than_those_before_even_if_the_clock_was_set_back(
    make_mart: MakeMart, task: ClusteringTask
) -> None:
    connection = make_mart(people())
    train(connection, task)
    moments = "select min(assigned_at), max(assigned_at) from ml.segments where task = ?"
    for write_again in (lambda: rescore(connection, task.name), lambda: train(connection, task)):
        connection.execute("update ml.segments set assigned_at = assigned_at + interval 1 day")
        [(_, before)] = connection.execute(moments, [task.name]).fetchall()
        write_again()
        [(earliest, _)] = connection.execute(moments, [task.name]).fetchall()
        assert earliest > before

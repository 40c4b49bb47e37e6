from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import duckdb
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import Ridge

from profilectl_ml import training
from profilectl_ml.artefacts import FORMAT_VERSION, dump_model, load_model
from profilectl_ml.candidates import _CATALOGUE
from profilectl_ml.comparing import fit
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.estimators import CalibratedModel
from profilectl_ml.layout import Layout
from profilectl_ml.predicting import raw_predictions
from profilectl_ml.recipes import Recipe
from profilectl_ml.registry import list_models, load, serving_model
from profilectl_ml.tasks import Task

MakeMarts = Callable[..., duckdb.DuckDBPyConnection]


@pytest.mark.parametrize("kind", ["regression", "classification"])
@pytest.mark.parametrize("baseline", [None, (0, 1.0)])
def test_every_candidate_survives_the_round_trip(kind: str, baseline: tuple[int, float] | None) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, 4))
    matrix[::7, 1] = np.nan
    matrix[:, 3] = rng.integers(0, 3, 300)
    recipe = Recipe(Layout(("a", "b", "c", "d"), {"d": ("x", "y", "z")}), 0, kind, baseline, (2, 1.0))
    label = np.abs(matrix[:, 0])
    for candidate in _CATALOGUE[kind].values():
        if candidate.name == "lightgbm":
            pytest.importorskip("lightgbm")
        for params in (candidate.space[0], candidate.space[-1]):
            model = candidate.build(recipe, params)
            if kind == "classification":
                model, label = CalibratedModel(model, 1.5, -0.2), (label > 0.5).astype(np.float64)
            model = fit(model, matrix, label)
            again = load_model(dump_model(model), FORMAT_VERSION)
            assert np.array_equal(raw_predictions(model, matrix), raw_predictions(again, matrix)), (
                candidate.name
            )


def test_a_foreign_type_is_refused_when_writing_and_when_reading() -> None:
    foreign = Ridge()
    foreign.extra = Counter("abc")
    with pytest.raises(ProfilectlError, match=r"not on the trusted list: .*Counter"):
        dump_model(foreign)
    with pytest.raises(ProfilectlError, match=r"not on the trusted list: .*Counter"):
        load_model(skops.io.dumps(foreign), FORMAT_VERSION)


def test_an_unknown_format_and_broken_bytes_are_refused() -> None:
    with pytest.raises(ProfilectlError, match="stored in format 99"):
        load_model(dump_model(Ridge()), 99)
    with pytest.raises(ProfilectlError, match="cannot be read"):
        load_model(b"not a model", FORMAT_VERSION)


def test_the_last_training_serves(make_marts: MakeMarts, quick_task: Task) -> None:
    connection = make_marts()
    runs = [training.train(connection, quick_task, seed=seed) for seed in (1, 2)]
    assert [m.serving for m in list_models(connection, quick_task.name)] == [True, False]
    served = serving_model(connection, quick_task.name)
    assert served.stored.model_id == runs[1].model_id
    assert load(connection, runs[0].model_id).layout == served.layout
    assert connection.execute("select distinct model_id from ml.scores").fetchall() == [(runs[1].model_id,)]


def test_a_failure_while_writing_leaves_the_old_run_whole(
    make_marts: MakeMarts, quick_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = make_marts()
    first = training.train(connection, quick_task)

    def fail(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("profilectl_ml.records.serve", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        training.train(connection, quick_task)
    assert [m.model_id for m in list_models(connection)] == [first.model_id]
    assert serving_model(connection, quick_task.name).stored.run_id == first.run_id
    assert connection.execute("select count(*) from ml.runs").fetchall() == [(1,)]


def test_nothing_trained_yet() -> None:
    connection = duckdb.connect()
    assert list_models(connection) == []
    with pytest.raises(ProfilectlError, match="no model serves"):
        serving_model(connection, "spend_next_28d")
    with pytest.raises(ProfilectlError, match="no model 'm'"):
        load(connection, "m")

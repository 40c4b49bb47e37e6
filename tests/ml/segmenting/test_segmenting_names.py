"""Segments are the same after a retrain where their users are, and say what sets them apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from segmenting_marts import MakeMart, people, put, segments

from profilectl_ml.segmenting import training
from profilectl_ml.segmenting.clusterers import kmeans
from profilectl_ml.segmenting.features import Feature
from profilectl_ml.segmenting.matching import match
from profilectl_ml.segmenting.naming import Profile, Trait, describe, give_names
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.segmenting.training import train


def by_way(found: dict[str, str]) -> dict[str, set[str]]:
    """Names of the segments that the users of each way are in."""
    out: dict[str, set[str]] = {}
    for user, name in found.items():
        out.setdefault(user.split("-")[-2], set()).add(name)
    return out


def renumbered(k: int, seed: int) -> object:
    """K-means whose numbers come out in the opposite order."""

    class Backwards(type(kmeans(k, seed))):  # type: ignore[misc]
        def fit(self, X: object, y: object = None, sample_weight: object = None) -> object:
            super().fit(X)
            self.cluster_centers_ = self.cluster_centers_[::-1].copy()
            self.labels_ = (self.n_clusters - 1 - self.labels_).astype(self.labels_.dtype)
            return self

    return Backwards(n_clusters=k, n_init=10, random_state=seed)


def test_names_survive_new_rows_and_other_numbers(
    make_mart: MakeMart, task: ClusteringTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = people()
    connection = make_mart(frame)
    first = train(connection, task)
    before = by_way(segments(connection))
    changed = frame.copy()
    fifth = np.random.default_rng(3).choice(len(frame), len(frame) // 5, replace=False)
    columns = ["baskets_84d", "spend_84d", "discount_share"]
    changed.loc[fifth, columns] = frame.loc[np.random.default_rng(4).permutation(fifth), columns].to_numpy()
    put(connection, changed)
    monkeypatch.setattr(training, "kmeans", renumbered)
    monkeypatch.setattr("profilectl_ml.artefacts._check_types", lambda data: None)
    second = train(connection, task)
    numbers = [{p.name: p.number for p in result.segments} for result in (first, second)]
    assert set(numbers[0]) == set(numbers[1])
    assert numbers[0] != numbers[1]
    stayed = set(frame["user_id"]) - set(frame.loc[fifth, "user_id"])
    after = by_way({user: name for user, name in segments(connection).items() if user in stayed})
    assert after == before


def test_a_retired_name_is_never_given_to_others(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    train(connection, task)
    first = set(segments(connection).values())
    # Nobody of the first users is left, but the newcomers behave exactly alike.
    put(connection, people().assign(user_id=lambda f: "new-" + f["user_id"]))
    train(connection, task)
    second = set(segments(connection).values())
    assert len(second) == len(first)
    assert not first & second
    # The first users come back: their segments were retired, and those of the newcomers are not theirs.
    put(connection, people())
    train(connection, task)
    assert not set(segments(connection).values()) & (first | second)


def test_the_description_names_what_sets_apart(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    train(connection, task)
    found = dict(
        connection.execute(
            "select split_part(user_id, '-', 1), any_value(description) from ml.segments"
            " inner join ml.segment_profiles using (task, segment, model_id) group by 1"
        ).fetchall()
    )
    assert "buys often" in found["regulars"].lower()
    assert "spends much" in found["regulars"].lower()
    assert found["bargains"].startswith("Likes discounts (discount share 0.")
    assert "buys seldom" in found["gone"].lower()
    assert "baskets in 84 days against 1" in found["regulars"]
    assert "80 users, 33% of all, with 91% of spend in 84 days" in found["regulars"]


def test_only_true_words_are_said() -> None:
    # On the logarithm the mean is higher, in days it is lower: neither word would be true.
    odd = Trait(Feature("recency_days", "log", "long away", "bought lately"), 0.9, 20.0, 25.0)
    true = Trait(Feature("spend", "log", "spends much", "spends little"), 0.5, 20.0, 10.0)
    profile = Profile(0, 10, 0.5, None, None, [odd, true])
    assert describe(profile, None) == "Spends much (spend 20.0 against 10.0); 10 users, 50% of all."


def test_names_differ_even_where_traits_do_not() -> None:
    def alike(number: int) -> Profile:
        return Profile(number, 10, 0.3, None, None, [Trait(Feature("spend"), 1.0, 2.0, 1.0)])

    found = [alike(0), alike(1), alike(2)]
    give_names(found, {2: "Old friends"}, {"High spend", "Old friends"})
    assert [p.name for p in found] == ["High spend (2)", "High spend (3)", "Old friends"]


def test_matching_needs_half_of_the_smaller() -> None:
    assert match({(0, "A"): 51, (1, "A"): 49}) == {0: "A"}
    assert match({(0, "A"): 40, (0, "B"): 30, (0, "C"): 30, (1, "A"): 60, (2, "B"): 70, (3, "C"): 70}) == {
        1: "A",
        2: "B",
        3: "C",
    }
    assert match({}) == {}


def test_matching_is_one_to_one() -> None:
    shared = {(0, "A"): 60, (1, "A"): 60, (2, "B"): 5, (2, "A"): 5}
    found = match(shared)
    assert len(set(found.values())) == len(found)


def test_segments_of_equal_users_keep_both_names(make_mart: MakeMart, task: ClusteringTask) -> None:
    connection = make_mart(people())
    train(connection, replace(task, least_k=3, most_k=3))
    coarse = segments(connection)
    train(connection, replace(task, least_k=2, most_k=2))
    merged = segments(connection)
    assert len(set(merged.values())) == 2
    assert set(merged.values()) <= set(coarse.values())
    names = pd.crosstab(pd.Series(coarse), pd.Series(merged))
    assert all(names.loc[name, name] >= names.loc[name].sum() / 2 for name in set(merged.values()))

"""The published file as pages read it: kept answers, new versions, damage."""

from __future__ import annotations

from typing import Any

import pytest

from profilectl import publishing
from profilectl.dashboard import pages
from profilectl.dashboard.source import Source
from profilectl.project import Paths
from profilectl_ml.errors import ProfilectlError


def test_an_answer_is_asked_for_once_for_each_version(source: Source, told: Paths) -> None:
    asked: list[str] = []

    def count(connection: Any) -> int:
        asked.append(source.version())
        return int(connection.execute("select users from meta.publication").fetchone()[0])

    first = source.version()
    assert [source.answer("users", count), source.answer("users", count)] == [200, 200]
    second = publishing.publish(told).version
    assert source.answer("users", count) == 200
    assert asked == [first, second]
    publishing.rollback(told)
    source.answer("users", count)
    assert asked == [first, second, first]


def test_an_error_is_not_kept(source: Source) -> None:
    def fail(_: Any) -> int:
        raise ProfilectlError("for once")

    with pytest.raises(ProfilectlError, match="for once"):
        source.answer("users", fail)
    assert source.answer("users", lambda _: 1) == 1


def test_a_version_pruned_between_two_looks_is_passed_over(
    source: Source, told: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = told.versions / "profiles-gone" / "profiles.duckdb"
    looks = iter([gone, told.published.resolve()])
    monkeypatch.setattr(source, "_file", lambda: next(looks))
    with source.opened() as (connection, version):
        assert connection.execute("select users from meta.publication").fetchone() == (200,)
    assert version == told.published.resolve().parent.name


def test_nothing_published_and_damage_are_told_apart(paths: Paths, told: Paths) -> None:
    file = told.published.resolve()
    file.write_bytes(b"not a database" * 1000)
    with (
        pytest.raises(ProfilectlError, match=r"profiles-.* is damaged") as damaged,
        Source(told).opened(),
    ):
        pass
    assert "profilectl publish --rollback" in damaged.value.message
    told.published.unlink()
    with pytest.raises(ProfilectlError, match="Nothing is published yet"), Source(paths).opened():
        pass
    assert Source(paths).version() == ""


def test_pages_write_nothing_into_the_file(source: Source, told: Paths) -> None:
    before = told.published.resolve().read_bytes()
    for path in ("/", "/user/u0000000000000005", "/segments", "/models", "/quality", "/freshness"):
        pages.shown(source, path)
    assert told.published.resolve().read_bytes() == before

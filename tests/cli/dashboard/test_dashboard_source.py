"""The published file as pages read it: kept answers, new versions, damage."""

from __future__ import annotations

import time
from threading import Event
from typing import Any

import pytest

from profilectl import publishing
from profilectl.dashboard import pages
from profilectl.dashboard.source import Source
from profilectl.project import Paths
from profilectl_ml.errors import ProfilectlError


def until_ready(source: Source, version: str) -> None:
    for _ in range(200):
        if source.ready() == version:
            return
        time.sleep(0.05)
    raise AssertionError(f"{version} was never ready")


def test_an_answer_is_asked_for_once_for_each_version(source: Source, told: Paths) -> None:
    asked: list[str] = []

    def count(connection: Any) -> int:
        asked.append(source.version())
        return int(connection.execute("select users from meta.publication").fetchone()[0])

    first = source.version()
    assert [source.answer("users", count), source.answer("users", count)] == [200, 200]
    assert source.ready() == first
    second = publishing.publish(told).version
    until_ready(source, second)
    assert source.answer("users", count) == 200
    assert asked == [first, second]
    publishing.rollback(told)
    until_ready(source, first)
    assert source.answer("users", count) == 200
    assert asked == [first, second, first]


def test_the_old_answer_stands_until_the_new_one_is_made(source: Source, told: Paths) -> None:
    may_go_on = Event()

    def version(connection: Any) -> str:
        [(found,)] = connection.execute("select version from meta.publication").fetchall()
        if found != first:
            assert may_go_on.wait(timeout=30)
        return str(found)

    first = source.version()
    assert source.answer("version", version) == first
    second = publishing.publish(told).version
    assert source.ready() == first
    assert source.answer("version", version) == first
    # what was never asked for has no old answer
    assert source.answer("other", lambda _: source.version()) == second
    may_go_on.set()
    until_ready(source, second)
    assert source.answer("version", version) == second


def test_damage_is_told_although_there_are_old_answers(source: Source, told: Paths) -> None:
    assert source.answer("one", lambda _: 1) == 1
    second = publishing.publish(told)
    second.file.write_bytes(b"not a database" * 1000)
    until_ready(source, second.version)
    with pytest.raises(ProfilectlError, match=r"profiles-.* is damaged"):
        source.answer("one", lambda _: 1)


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

"""The published file as pages read it: kept answers, new versions, damage."""

from __future__ import annotations

import shutil
import time
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest

from profilectl import publishing
from profilectl.dashboard import pages
from profilectl.dashboard.source import Source, Version
from profilectl.project import Paths
from profilectl_ml.errors import ProfilectlError


def until_shown(source: Source, version: str) -> None:
    for _ in range(200):
        if source.shown().name == version:
            return
        time.sleep(0.05)
    raise AssertionError(f"{version} was never ready")


def users(connection: Any) -> int:
    return int(connection.execute("select users from meta.publication").fetchone()[0])


def test_an_answer_is_asked_for_once_for_each_version(told: Paths) -> None:
    source, asked = Source(told), []

    def count(connection: Any) -> int:
        asked.append(publishing.current(told))
        return users(connection)

    first = source.shown().name
    assert [source.shown().answer("users", count) for _ in range(2)] == [200, 200]
    second = publishing.publish(told).version
    until_shown(source, second)
    assert source.shown().answer("users", count) == 200
    assert asked == [first, second]
    publishing.rollback(told)
    until_shown(source, first)
    assert source.shown().answer("users", count) == 200
    assert asked == [first, second, first]


def test_all_of_a_page_is_of_the_old_version_until_the_new_one_is_ready(told: Paths) -> None:
    source, may_go_on = Source(told), Event()

    def name(connection: Any) -> str:
        [(found,)] = connection.execute("select version from meta.publication").fetchall()
        if found != first:
            assert may_go_on.wait(timeout=30)
        return str(found)

    first = source.shown().name
    assert source.shown().answer("version", name) == first
    second = publishing.publish(told).version
    assert source.shown().answer("version", name) == first
    # also what was never asked for, and what is asked without being kept
    assert source.read(lambda version: version.answer("other", name)) == first
    shown = source.read(lambda version: str(pages.shown(version, "/freshness")))
    assert first in shown
    assert f"This is version {second}" not in shown
    may_go_on.set()
    until_shown(source, second)
    assert source.shown().answer("version", name) == second


def test_damage_is_told_although_there_are_old_answers(told: Paths) -> None:
    source = Source(told)
    assert source.shown().answer("one", lambda _: 1) == 1
    second = publishing.publish(told)
    second.file.write_bytes(b"not a database" * 1000)
    until_shown(source, second.version)
    with pytest.raises(ProfilectlError, match=r"profiles-.* is damaged"):
        source.shown().answer("one", lambda _: 1)


def test_an_error_is_not_kept(version: Version) -> None:
    def fail(_: Any) -> int:
        raise ProfilectlError("for once")

    with pytest.raises(ProfilectlError, match="for once"):
        version.answer("users", fail)
    assert version.answer("users", lambda _: 1) == 1


def test_a_version_that_was_pruned_gives_way_to_the_published_one(told: Paths) -> None:
    source, may_go_on = Source(told), Event()
    first = source.shown().file
    # what is kept is made anew in the background, which takes its time
    source.shown().answer("slow", lambda _: publishing.current(told) == first.parent.name or may_go_on.wait())
    second = publishing.publish(told).version
    shutil.rmtree(first.parent)
    assert source.shown().name == first.parent.name
    assert source.read(lambda version: (version.name, version.answer("users", users))) == (second, 200)
    assert source.shown().name == second
    may_go_on.set()


def test_nothing_published_and_damage_are_told_apart(paths: Paths, told: Paths) -> None:
    file = told.published.resolve()
    file.write_bytes(b"not a database" * 1000)
    with (
        pytest.raises(ProfilectlError, match=r"profiles-.* is damaged") as damaged,
        Source(told).shown().opened(),
    ):
        pass
    assert "profilectl publish --rollback" in damaged.value.message
    told.published.unlink()
    with pytest.raises(ProfilectlError, match="Nothing is published yet"), Source(paths).shown().opened():
        pass
    assert Source(paths).shown().name == ""


def test_pages_write_nothing_into_the_file(version: Version, told: Paths) -> None:
    before = told.published.resolve().read_bytes()
    for path in ("/", "/user/u0000000000000005", "/segments", "/models", "/quality", "/freshness"):
        pages.shown(version, path)
    assert told.published.resolve().read_bytes() == before


def test_what_was_published_today_was_published_on_a_day_tomorrow(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pages.note(version).startswith("Published today at")

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=1)

    monkeypatch.setattr(pages, "datetime", Tomorrow)
    assert pages.note(version).startswith("Published on ")

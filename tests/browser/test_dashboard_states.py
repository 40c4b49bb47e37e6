"""What the dashboard says where there is nothing sound to show, and how it notices what is new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from browsing import WIDTHS, paths_of

from profilectl import publishing

pytestmark = pytest.mark.slow
NO_MODELS = {
    "segments": "Run profilectl train, then profilectl publish",
    "models": "Run profilectl train, then publish and report again",
    "freshness": "No runs are noted in this version",
}


def leave_users(home: Path, kept: int) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute(
            "delete from marts.dim_users where user_id not in "
            "(select user_id from marts.dim_users order by user_id limit ?)",
            [kept],
        )


@pytest.mark.parametrize("width", WIDTHS)
def test_before_anything_is_published(home: Path, serve: Any, look: Any, width: int) -> None:
    with look(width) as visit:
        address = serve(home)
        for path in ("", "segments", "user", "quality", "models", "freshness"):
            visit.go(f"{address}{path}")
            said = visit.page.get_by_role("alert").inner_text()
            assert "Nothing is published yet" in said
            assert "profilectl publish" in said
        visit.shoot("8-nothing-published")
        visit.go(f"{address}elsewhere")
        assert "No such page" in visit.text()
        visit.is_sound()


@pytest.mark.parametrize("width", WIDTHS)
def test_before_anything_is_trained(small_home: Path, serve: Any, look: Any, width: int) -> None:
    publishing.publish(paths_of(small_home))
    with look(width) as visit:
        address = serve(small_home)
        for path, said in NO_MODELS.items():
            visit.go(f"{address}{path}")
            assert said in visit.text()
            visit.shoot(f"8-nothing-trained-{path}")
            visit.is_sound()
        visit.go(f"{address}user/u0000000000000005")
        assert "No scores yet" in visit.text()
        # nobody was found: then nobody is shown, until the same user is searched for again
        for text, shown, title in (
            ("nobody", False, "No such user"),
            ("u0000000000000005", True, "First5 Last5"),
        ):
            visit.page.fill("#search", text)
            visit.page.get_by_role("button", name="Find").click()
            visit.page.get_by_role("heading", name="Golden record").wait_for(
                state="visible" if shown else "hidden"
            )
            assert visit.page.get_by_text("No such user").is_visible() is not shown
            visit.page.wait_for_function("said => document.title === `${said} – profilectl`", arg=title)
        visit.is_sound()


def test_a_new_version_is_noticed(small_home: Path, serve: Any, look: Any) -> None:
    with look(1280) as visit:
        visit.go(serve(small_home))
        assert "Nothing is published yet" in visit.text()
        for users in (200, 150, 120):
            leave_users(small_home, users)
            publishing.publish(paths_of(small_home))
            # nobody reloads or clicks: the page is brought up to date by itself
            visit.page.locator(".tiles dd", has_text=str(users)).wait_for()
            visit.settle()
            assert f"users {users} " in visit.text()
        publishing.rollback(paths_of(small_home))
        visit.page.locator(".tiles dd", has_text="150").wait_for()
        visit.is_sound()


def test_a_damaged_file_is_named_and_left_behind(small_home: Path, serve: Any, look: Any) -> None:
    paths = paths_of(small_home)
    first = publishing.publish(paths)
    second = publishing.publish(paths)
    with second.file.open("r+b") as file:
        file.write(b"\0" * 8192)
    with look(390) as visit:
        visit.go(serve(small_home))
        said = visit.page.get_by_role("alert").inner_text()
        assert f"The published file {second.version} is damaged" in said
        assert "profilectl publish --rollback" in said
        visit.shoot("8-damaged")
        visit.is_sound()
        publishing.switch(paths, first.version)
        visit.page.get_by_role("heading", name="Population and trends").wait_for()
        visit.settle()
        visit.is_sound()

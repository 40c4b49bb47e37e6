"""Every page of the dashboard over the demo's data, clicked through at both widths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from browsing import WIDTHS

pytestmark = pytest.mark.slow
PAGES = {
    "Population": "Population and trends",
    "Segments": "Segments",
    "User": "User",
    "Data quality": "Data quality",
    "Models": "Models",
    "Freshness": "Freshness",
}
TASKS = ("Audience segments", "Churn next 28d", "Next products", "Spend next 28d")


def ask(home: Path, sql: str) -> list[tuple[Any, ...]]:
    file = (home / "published" / "profiles.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_there(demo_home: Path, serve: Any, look: Any, width: int) -> None:
    [(users,)] = ask(demo_home, "select count(*) from marts.dim_users")
    with look(width) as visit:
        visit.go(serve(demo_home))
        assert f"users {users:,}" in visit.text()
        for place, (label, heading) in enumerate(PAGES.items(), start=1):
            visit.page.get_by_role("navigation", name="Pages").get_by_role("link", name=label).click()
            visit.heading(heading)
            assert visit.page.locator("nav .here").first.inner_text() == label
            visit.shoot(f"{place}-{label.lower().replace(' ', '-')}")
            visit.is_sound()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_task_has_its_figures(demo_home: Path, serve: Any, look: Any, width: int) -> None:
    with look(width) as visit:
        visit.go(f"{serve(demo_home)}models")
        for task in TASKS:
            visit.page.get_by_role("navigation", name="Tasks").get_by_role("link", name=task).click()
            name = task.lower().replace(" ", "_")
            visit.page.get_by_role("heading", name=f"Model against baseline: {name}").wait_for()
            visit.settle()
            assert visit.figures() >= 2
            visit.shoot(f"5-{name}")
            visit.is_sound()
        shown = visit.text()
    assert "Known limits" in shown
    assert "Features that moved" in shown


@pytest.mark.parametrize("width", WIDTHS)
def test_a_user_is_found_by_e_mail(demo_home: Path, serve: Any, look: Any, width: int) -> None:
    # somebody of whom sources said different things, who buys, and is known by several identifiers
    [(user, email, first_name)] = ask(
        demo_home,
        "select user_id, identifier_value, first_name from marts.identity_map "
        "inner join marts.dim_users using (user_id) where identifier_type = 'email' and known_to is null "
        "and user_id in (select user_id from marts.user_attribute_evidence where not is_winner "
        "and attribute = 'first_name') and user_id in (select user_id from ml.score_reasons) "
        "and user_id in (select user_id from marts.user_recommendations) "
        "order by identifiers desc, identifier_value limit 1",
    )
    with look(width) as visit:
        visit.go(f"{serve(demo_home)}user")
        visit.page.fill("#search", f"  {email.upper()} ")
        visit.page.press("#search", "Enter")
        visit.page.get_by_role("heading", name="Golden record").wait_for()
        visit.settle()
        # the address names the user, not what was searched for
        assert visit.page.url.endswith(f"/user/{user}")
        shown = visit.text()
        for part in (user, first_name, email, "less trusted source", "Timeline", "Identity graph", "you b"):
            assert part in shown, part
        drawn = visit.page.evaluate(
            "[...document.querySelectorAll('.js-plotly-plot')].map(g => g.data.length)"
        )
        # timeline, reasons of two scores, graph; the last one has a trace for each line and one for the dots
        assert len(drawn) >= 3
        assert drawn[-1] > 1
        visit.shoot("3-one-user")
        for summary in visit.page.locator("summary").all():
            summary.click()
        visit.is_sound()


def test_who_is_not_there_and_who_is_nobody(demo_home: Path, serve: Any, look: Any) -> None:
    [(blocked,)] = ask(
        demo_home,
        "select identifier_value from marts.identity_map where is_blocked and known_to is null limit 1",
    )
    with look(390) as visit:
        visit.go(f"{serve(demo_home)}user")
        for text, said in (
            ("nobody@example.org", "No user or identifier 'nobody@example.org'."),
            (blocked, "it belongs to no user"),
            (" ", "Type what you know of the user"),
        ):
            visit.page.fill("#search", text)
            visit.page.get_by_role("button", name="Find").click()
            visit.page.get_by_role("alert").get_by_text(said).wait_for()
        visit.shoot("3-no-such-user")
        # a link of yesterday, to a user that is gone
        visit.go(f"{visit.page.url}/u0123456789abcdef")
        assert "No such user" in visit.text()
        visit.is_sound()


def test_a_user_is_one_click_from_where_its_id_stands(demo_home: Path, serve: Any, look: Any) -> None:
    with look(1280) as visit:
        visit.go(f"{serve(demo_home)}quality")
        link = visit.page.locator("#identity a").first
        user = link.inner_text()
        link.click()
        visit.page.get_by_role("heading", name="Golden record").wait_for()
        assert user in visit.text()
        visit.is_sound()


def test_the_dark_theme_is_followed(demo_home: Path, serve: Any, look: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    grid = "document.querySelector('.js-plotly-plot')._fullLayout.xaxis.gridcolor"
    seen = {}
    with look(1280, color_scheme="light") as visit:
        visit.go(f"{serve(demo_home)}segments")
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme)
            visit.page.wait_for_timeout(1_000)
            seen[scheme] = (visit.page.evaluate(ground), visit.page.evaluate(grid))
        visit.shoot("2-segments-dark")
        visit.is_sound()
    assert seen["light"][0] != seen["dark"][0]
    assert seen["light"][1] != seen["dark"][1]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_opens_from_disk(demo_home: Path, look: Any, width: int) -> None:
    with look(width) as visit:
        visit.page.goto((demo_home / "report.html").as_uri())
        visit.page.wait_for_function(
            "() => [...document.querySelectorAll('.figure')].every((one) => one.data && one.data.length)"
        )
        assert visit.figures() > 30
        for summary in visit.page.locator("summary").all():
            summary.click()
        visit.shoot("7-report")
        visit.is_sound()

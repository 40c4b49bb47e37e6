from __future__ import annotations

import json
import re
import stat
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest

from profilectl.project import Paths
from profilectl.reporting import queries, report
from profilectl.reporting.page import script_json


def figures(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def markup(page: str) -> str:
    """The page without its scripts."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_it_shows_every_part(small_warehouse: Paths) -> None:
    page = report(small_warehouse).read_text(encoding="utf-8")
    drawn = figures(page)
    task = "spend_next_28d"
    expected = {"new-users", "active-users", "quality", "reasons", "sizes", "types", "churn", "feature-0"}
    expected |= {f"{task}-{part}" for part in ("rmse", "mae", "predicted", "tenths", "importance", "deciles")}
    assert expected <= set(drawn)
    assert "are generated, not real" in markup(page)
    assert "as of 2017-12-31" in markup(page)


def test_it_shows_identities_without_their_values(small_warehouse: Paths) -> None:
    shown = re.sub(r"\s+", " ", markup(report(small_warehouse).read_text(encoding="utf-8")))
    section = shown[shown.index('<section id="identity"') : shown.index('<section id="features"')]
    assert "Users that changed, by load" in section
    assert '<td>merged into</td><td>override</td><td class="right">1</td>' in section
    largest = '<td data-label="user">u0000000000000003</td><td data-label="identifiers" class="right">6</td>'
    assert f'{largest}<td data-label="of which">4 card, 1 email, 1 phone</td>' in section
    assert "% of users have one identifier only" in section
    assert "too_many_links" in section
    assert "@" not in section


def test_it_fetches_nothing(small_warehouse: Paths) -> None:
    page = report(small_warehouse).read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", markup(page))
    assert page.count("plotly.js v") == 1
    assert not re.search(r"url\(|@import", markup(page))


def test_weeks_without_events_are_nought(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute(
            "delete from marts.fct_events where occurred_on between date '2017-10-02' and date '2017-11-12'"
        )
        found = queries.weeks(connection, "2017-12-31")
        assert queries.weeks(connection, "2016-12-31") == []
    ends = [row["week"] for row in found]
    assert {later - earlier for earlier, later in pairwise(ends)} == {timedelta(days=7)}
    quiet = [row for row in found if date(2017, 10, 8) <= row["week"] <= date(2017, 11, 12)]
    assert [(row["events"], row["users"], row["amount"]) for row in quiet] == [(0, 0, 0.0)] * 6


def test_whole_numbers_have_bars_of_their_own(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        found = queries.histogram(connection, "purchase_days_28d")
        counted = connection.execute(
            "select purchase_days_28d, count(*) from marts.user_features group by 1 order by 1"
        ).fetchall()
    assert found["width"] == 1
    assert [(found["low"] + 0.5 + row["bin"], row["n"]) for row in found["bins"]] == counted


def test_it_is_private(small_warehouse: Paths) -> None:
    assert stat.S_IMODE(report(small_warehouse).stat().st_mode) == 0o600


def test_values_from_data_are_escaped(small_warehouse: Paths) -> None:
    attack = "</script><script>alert(1)</script>"
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("update marts.quarantined_rows set reason = ? where source = 'shop'", [attack])
        connection.execute("update marts.data_quality set entity = ? where source = 'crm'", [attack])
    page = report(small_warehouse).read_text(encoding="utf-8")
    assert attack not in page
    assert "&lt;script&gt;alert(1)" in page
    assert attack in json.dumps(figures(page))


def test_no_reason_is_left_out_and_files_are_not_counted_as_rows(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("delete from marts.quarantined_rows")
        connection.execute(
            "insert into marts.quarantined_rows by name select 'shop' as source, 'products' as entity, "
            "'shop/products/a.csv' as file, i + 1 as row_number, 'c' || n as column_name, "
            "'invalid' as reason, 1 as batch_id from range(1, 41) t(n), range(n) u(i)"
        )
        connection.execute(
            "insert into marts.quarantined_rows by name select '' as source, '' as entity, "
            "'stray' || i || '.csv' as file, 'unknown_source' as reason, 'no source' as detail, batch_id "
            "from range(40) t(i), unnest([1, 2]) u(batch_id)"
        )
    page = report(small_warehouse).read_text(encoding="utf-8")
    drawn: Any = figures(page)["reasons"]
    [bars] = drawn["data"]
    assert bars["x"] == list(range(40, 25, -1))
    assert bars["y"][0] == "invalid (products.c40)"
    assert "and 25 more reasons, 325 rows" in markup(page)
    assert page.count("<td>invalid</td>") == 40
    assert page.count("<td>unknown_source</td>") == 20
    assert "and 20 more files" in markup(page)


def test_before_any_model_it_says_how_to_get_one(warehouse_without_model: Paths) -> None:
    page = report(warehouse_without_model).read_text(encoding="utf-8")
    assert "Run profilectl train" in markup(page)
    assert "new-users" in figures(page)


def test_an_empty_warehouse_gives_a_page_of_empty_states(paths: Paths) -> None:
    paths.home.mkdir()
    duckdb.connect(str(paths.warehouse)).close()
    page = report(paths).read_text(encoding="utf-8")
    assert figures(page) == {}
    assert "No users yet" in markup(page)


def test_marts_without_rows_give_empty_states(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
        ).fetchall():
            connection.execute(f'delete from "{schema}"."{name}"')
    assert figures(report(small_warehouse).read_text(encoding="utf-8")) == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_json_does_not_know_become_null(value: float) -> None:
    assert script_json([value, "<"]) == '[null,"\\u003c"]'

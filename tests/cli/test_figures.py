"""Axes that can be read, for data of any age."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest
from test_reporting import figures

from profilectl.project import Paths
from profilectl.reporting import report, trend_figures
from profilectl.reporting.figures import BLUE, bars

DAY, MONTH = "%-d %b\n%Y", "%b\n%Y"


@pytest.mark.parametrize(
    ("weeks", "ticks", "apart"), [(1, DAY, 86_400_000), (17, DAY, None), (52, MONTH, None)]
)
def test_weeks_of_young_data_are_named_by_day(weeks: int, ticks: str, apart: int | None) -> None:
    days = [date(2017, 12, 31) - timedelta(weeks=back) for back in range(weeks)][::-1]
    drawn = trend_figures.over_time(
        days, [("users", [1.0] * weeks, BLUE, "solid")], x_title="week that ends", y_title="users"
    )
    axis = drawn["layout"]["xaxis"]
    assert (axis["tickformat"], axis.get("dtick")) == (ticks, apart)


@pytest.mark.parametrize(("months", "apart"), [(["2017-12"], "M1"), (["2017-01", "2017-12"], None)])
def test_months_have_one_tick_each(months: list[str], apart: str | None) -> None:
    drawn = bars(months, [1] * len(months), x_title="first seen", y_title="users", x_type="date")
    axis = drawn["layout"]["xaxis"]
    assert (axis["tickformat"], axis.get("dtick")) == (MONTH, apart)


def test_the_axis_of_a_share_ends_at_one(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("alter table ml.runs add column kind varchar default 'recommendation'")
        connection.execute("update ml.metrics set metric = 'recall_at_20', value = 1 where metric = 'rmse'")
    drawn = figures(report(small_warehouse).read_text(encoding="utf-8"))
    axis = drawn["spend_next_28d-recall_at_20"]["layout"]["xaxis"]
    assert axis["autorangeoptions"] == {"maxallowed": 1}

"""What is delivered again: since when it counts as known, by batches and by one build of everything."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from dbt_home import Home, loading_at

DAYS = tuple(dt.datetime(2024, month, 1, 12) for month in (5, 6, 7))
LINES = "basket_id,line_no,card_id,product_id,sales_value,transaction_timestamp"
ANSWERS = "answer_id,email,question,rating,comment,channel,answered_at"
SHAPES = ("build", "--resource-type", "model", "--select", "+int_events")
KNOWN = "select event_id, known_on::varchar from intermediate.int_events order by all"


def line(basket: str, value: str) -> str:
    return f"{basket},1,card1,p1,{value},2024-04-02 10:00:00"


def answer(key: str, rating: int) -> str:
    return f"{key},ann@example.org,satisfaction,{rating},,web,2024-04-02 10:00:00"


DELIVERIES = (
    ([line("same", "1.00"), line("changed", "1.00"), line("back", "1.00")], [answer("a1", 7)]),
    (
        [line("same", "1"), line("changed", "2.00"), line("back", "2.00"), line("new", "1.00")],
        [answer("a2", 7)],
    ),
    ([line("same", "1.00"), line("back", "1.00")], [answer("a3", 7)]),
)


@pytest.mark.parametrize("command", [(), ("--full-refresh",)], ids=["by batches", "by one build"])
def test_what_is_delivered_again_is_no_news(tmp_path: Path, manifest: Any, command: tuple[str, ...]) -> None:
    """Else one line more in a file would take every line of it out of all earlier training examples."""
    home = Home(tmp_path, manifest)
    for day, (lines, answers) in zip(DAYS, DELIVERIES, strict=True):
        home.land("shop/transactions/year.csv", "\n".join([LINES, *lines, ""]))
        home.land("synthetic_survey/answers/year.csv", "\n".join([ANSWERS, *answers, ""]))
        with loading_at(day):
            built = home.dbt(*SHAPES, *command)
        assert built.failed | built.skipped == set()
    assert built.rows(KNOWN) == [
        ("shop.transactions:back:1", "2024-05-01"),
        ("shop.transactions:changed:1", "2024-06-01"),
        ("shop.transactions:new:1", "2024-06-01"),
        ("shop.transactions:same:1", "2024-05-01"),
        ("synthetic_survey.answers:a3", "2024-05-01"),
    ]

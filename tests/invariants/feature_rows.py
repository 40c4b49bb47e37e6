"""Generated rows for the feature models: few people, days and sessions, so that they meet often."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

AS_OF = dt.date(2017, 12, 31)
LAST_DAY = 150
# The last identity is nobody's: all its identifiers are blocked.
USER_OF_IDENTITY = {10: 1, 11: 1, 20: 2, 21: 2, 30: 3, 40: None}
KINDS = ("purchase", "purchase", "purchase", "page_view", "click", "add_to_cart", "checkout")
KINDS += ("post", "like", "follow", "survey_answer", "campaign_contact", "coupon_redemption")
TEXTS = (None, "Great price, fresh fruit", "slow service")


@dataclass(frozen=True)
class Event:
    """One generated event; small numbers choose among few values so that rows meet."""

    identity: int
    kind: str
    day: int
    late: int
    minute: int
    pick: int
    cents: int


def events(first: int, last: int, most: int) -> st.SearchStrategy[list[Event]]:
    """At least one and at most ``most`` events on days ``first`` to ``last``."""
    event = st.builds(
        Event,
        identity=st.sampled_from(sorted(USER_OF_IDENTITY)),
        kind=st.sampled_from(KINDS),
        day=st.integers(first, last),
        late=st.sampled_from([0, 0, 1, 30, 90]),
        minute=st.integers(0, 3),
        pick=st.integers(0, 2),
        # below zero: a refund
        cents=st.integers(-99_999, 99_999),
    )
    return st.lists(event, min_size=most // 4, max_size=most)


@st.composite
def histories(draw: st.DrawFn) -> tuple[dt.date, list[Event]]:
    """A cutoff of the training examples as of AS_OF (one in 14 days), and events, many of them close to it.

    Every user has bought something on day 0, so that no cutoff is without examples.
    """
    back = 28 + 14 * draw(st.integers(0, 6))
    first = [Event(identity, "purchase", 0, 0, 0, 0, 100) for identity in (10, 20, 30)]
    near = draw(events(LAST_DAY - back - 2, LAST_DAY - back + 4, most=24))
    return AS_OF - dt.timedelta(days=back), first + draw(events(0, LAST_DAY, most=32)) + near


profiles = st.lists(
    st.tuples(
        st.sampled_from(sorted(USER_OF_IDENTITY)),
        st.integers(0, 150),
        st.sampled_from([0, 60]),
        st.integers(0, 2),
    ),
    max_size=6,
)


#: From which day on (as in Event) an identity is thought to be another user's: (identity, user, day).
Move = tuple[int, int | None, int]
moves = st.lists(
    st.tuples(
        st.sampled_from(sorted(USER_OF_IDENTITY)),
        st.sampled_from([1, 2, 3, None]),
        st.integers(1, LAST_DAY),
    ),
    max_size=5,
)


def day_of(number: int) -> dt.date:
    """Day LAST_DAY is AS_OF."""
    return AS_OF - dt.timedelta(days=LAST_DAY - number)


def event_row(place: int, row: Event) -> dict[str, Any]:
    day = day_of(row.day)
    money = {"amount": row.cents / 100, "discount": row.pick / 10, "quantity": 1.0, "item_id": f"i{row.pick}"}
    written = {"text": TEXTS[row.pick], "tags": "deal|price" if row.pick else None}
    own: dict[str, dict[str, Any]] = {
        "purchase": money,
        "post": written,
        "survey_answer": {
            **written,
            "rating": float(row.pick),
            "subject": ("satisfaction", "intent", "other")[row.pick],
        },
    }
    web = {"subject": f"/{row.pick}", "duration_s": abs(row.cents) / 1000}
    return {
        "event_id": f"e{place:03}",
        "event_type": row.kind,
        "occurred_at": dt.datetime.combine(day, dt.time(12, row.minute)),
        "occurred_on": day,
        "known_on": day + dt.timedelta(days=row.late),
        "identity_key": row.identity,
        "session_id": f"s{row.day}-{row.pick}",
        **own.get(row.kind, web if row.kind in KINDS[3:7] else {}),
    }


def person_row(place: int, row: tuple[int, int, int, int]) -> dict[str, Any]:
    identity, day, late, pick = row
    return {
        "person_record_id": f"p{place}",
        "updated_at": dt.datetime.combine(day_of(day), dt.time(9)),
        "updated_on": day_of(day),
        "known_on": day_of(day) + dt.timedelta(days=late),
        "identity_key": identity,
        "age_band": (None, "25-34", "35-44")[pick],
        "kids_count": ("1", None, "2")[pick],
        "consent": (True, False, None)[pick],
    }

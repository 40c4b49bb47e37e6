"""Generated rows for the feature models: few people, days and sessions, so that they meet often."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

AS_OF = dt.date(2017, 12, 31)
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


events = st.lists(
    st.builds(
        Event,
        identity=st.sampled_from(sorted(USER_OF_IDENTITY)),
        kind=st.sampled_from(KINDS),
        day=st.integers(0, 150),
        late=st.sampled_from([0, 0, 1, 30, 90]),
        minute=st.integers(0, 3),
        pick=st.integers(0, 2),
        cents=st.integers(0, 99_999),
    ),
    min_size=5,
    max_size=60,
)
profiles = st.lists(
    st.tuples(
        st.sampled_from(sorted(USER_OF_IDENTITY)),
        st.integers(0, 150),
        st.sampled_from([0, 60]),
        st.integers(0, 2),
    ),
    max_size=6,
)

# The cutoffs that training examples have as of AS_OF, with a step of 14 days.
cutoffs = st.integers(0, 6).map(lambda step: AS_OF - dt.timedelta(days=28 + 14 * step))


def day_of(number: int) -> dt.date:
    """Day 0 is 151 days before AS_OF + 1, so that every number drawn is a day up to AS_OF."""
    return AS_OF - dt.timedelta(days=150 - number)


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
    web = {"subject": f"/{row.pick}", "duration_s": row.cents / 1000}
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

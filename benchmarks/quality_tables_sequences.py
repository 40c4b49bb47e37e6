"""What comes next in a log: tomorrow's steps of people with wearables, the hotel that a session ends with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np

from quality_tables import Protocol

# A row for each day whose next day is known; everything is from that day or before.
STEPS = """
    with days as (
        select id as person, date::date as day, steps, calories, distance, resting_hr, bpm, rmssd,
            stress_score, sleep_duration, sleep_efficiency, minutesAsleep as asleep,
            lightly_active_minutes as light, moderately_active_minutes as moderate,
            very_active_minutes as very, sedentary_minutes as sedentary, age, gender, bmi
        from read_csv('{0}/lifesnaps/*.csv', nullstr = ['', 'NaN'])
        where steps is not null
    ),
    windowed as (
        select *, lead(day) over ordered as next_day, lead(steps) over ordered as label,
            avg(steps) over three as mean_3,
            avg(steps) over week as mean_7,
            median(steps) over week as median_7,
            avg(steps) over fortnight as mean_14,
            avg(steps) over month as mean_28,
            median(steps) over month as median_28,
            stddev(steps) over month as spread_28,
            min(steps) over week as least_7,
            max(steps) over week as most_7,
            avg(steps) over ever as mean_ever,
            median(steps) over ever as median_ever,
            count(*) over ever as days_known,
            avg(very) over week as very_7
        from days
        window
            ordered as (partition by person order by day),
            ever as (partition by person order by day rows unbounded preceding),
            three as (partition by person order by day range interval 2 days preceding),
            week as (partition by person order by day range interval 6 days preceding),
            fortnight as (partition by person order by day range interval 13 days preceding),
            month as (partition by person order by day range interval 27 days preceding)
    )
    select windowed.* exclude (day, next_day), yesterday.steps as yesterday, last_week.steps as same_weekday,
        week_before.steps as same_weekday_before, isodow(next_day) as weekday,
        isodow(next_day) >= 6 as weekend, next_day
    from windowed
    left join days as yesterday on yesterday.person = windowed.person and yesterday.day = windowed.day - 1
    left join days as last_week on last_week.person = windowed.person and last_week.day = windowed.day - 6
    left join days as week_before
        on week_before.person = windowed.person and week_before.day = windowed.day - 13
    where next_day = windowed.day + 1
    order by next_day, windowed.person
    """
# A row for each hotel shown at the last click-out of a session. The click-out itself is no feature, and a
# hotel's popularity counts the sessions of people who are learnt from, without its own person's.
CLICKS = """
    with log as (select * from '{0}/trivago/trivago_val_100k.parquet'),
    ends as (
        select session_id, max(step) as last_step
        from log where action_type = 'clickout item' group by session_id
    ),
    shown as (
        select user_id, session_id, last_step, timestamp as moment, reference as clicked, device, platform,
            current_filters is not null as filtered,
            unnest(string_split(impressions, '|')) as item,
            unnest(string_split(prices, '|'))::int as price,
            generate_subscripts(string_split(impressions, '|'), 1) as place
        from log inner join ends using (session_id)
        where step = last_step and action_type = 'clickout item'
            and list_contains(string_split(impressions, '|'), reference)
    ),
    touched as (
        select session_id, reference as item, count(*) as touches, max(step) as last_touch,
            min(step) as first_touch,
            count(*) filter (action_type = 'clickout item') as clicks,
            count(*) filter (action_type = 'interaction item image') as images,
            count(*) filter (action_type in ('interaction item info', 'interaction item rating')) as infos,
            count(*) filter (action_type = 'interaction item deals') as deals,
            count(*) filter (action_type = 'search for item') as searches, max(timestamp) as touched_at
        from log inner join ends using (session_id)
        where step < last_step and (action_type like '%item%') group by all
    ),
    learnt as (select *, hash(user_id) % 5 <> 0 as learns from log),
    popular as (
        select reference as item, count(distinct user_id) filter (action_type = 'clickout item') as clickers,
            count(distinct user_id) as people
        from learnt where learns and action_type like '%item%' group by item
    ),
    exposed as (
        select item, count(distinct user_id) as exposures
        from (select user_id, unnest(string_split(impressions, '|')) as item from learnt
            where learns and impressions is not null)
        group by item
    ),
    own as (
        select user_id, reference as item, bool_or(action_type = 'clickout item')::int as own_clicked,
            1 as own_seen
        from learnt where learns and action_type like '%item%' group by all
    ),
    joined as (
        select shown.*, touches, clicks, images, infos, deals, searches,
            shown.last_step - last_touch as steps_since, shown.moment - touched_at as seconds_since,
            row_number() over (
                partition by session_id order by last_touch desc nulls last, place
            ) as touch_rank,
            max(last_touch) over (partition by session_id) = last_touch as latest,
            max(case when last_touch is not null then place end) over (partition by session_id) as deepest,
            count(last_touch) over (partition by session_id) as touched_items,
            arg_max(place, last_touch) over (partition by session_id) as latest_place,
            rank() over (partition by session_id order by price) as price_rank,
            price / avg(price) over (partition by session_id) as price_ratio,
            price / min(price) over (partition by session_id) as over_cheapest,
            count(*) over (partition by session_id) as listed,
            greatest(coalesce(clickers, 0) - coalesce(own_clicked, 0), 0) as clickers,
            greatest(coalesce(people, 0) - coalesce(own_seen, 0), 0) as people,
            greatest(coalesce(exposures, 0) - (hash(user_id) % 5 <> 0)::int, 0) as exposures
        from shown
        left join touched using (session_id, item) left join popular using (item)
        left join exposed using (item) left join own using (user_id, item)
    )
    select * exclude (clicked, moment, item), place - latest_place as after_latest,
        (clickers + 0.1) / (exposures + 5) as click_rate, (people + 0.1) / (exposures + 5) as touch_rate,
        rank() over (partition by session_id order by clickers desc) as popular_rank,
        (item = clicked)::int as label, hash(user_id) % 5 <> 0 as learns
    from joined order by user_id, session_id, place
    """


def steps(data: Path, name: str) -> Protocol:
    """Learn from the first half of the days, judge the second: people are the same, days are not."""
    with duckdb.connect() as connection:
        table = connection.execute(STEPS.format(data)).to_arrow_table()
    label = table.column("label").to_numpy().astype(np.float64)
    days = table.column("next_day").to_numpy().astype("datetime64[D]")
    later = days > np.sort(days)[len(days) // 2]
    users = table.column("person").to_numpy(zero_copy_only=False)
    rules = {"7-day mean, this run": table.column("mean_7").to_numpy().astype(np.float64)}
    return Protocol(
        name,
        "regression",
        table.drop_columns(["label", "next_day", "person"]),
        label,
        [(np.flatnonzero(~later), np.flatnonzero(later))],
        {"MAE": {"boosting": 3401.0, "7-day mean": 3494.0}},
        users=users,
        metric="mae",
        minimum=0.0,
        rules=rules,
    )


def clicks(data: Path, name: str) -> Protocol:
    """Rank the hotels of each last click-out by the probability of being the one; people are not shared."""
    with duckdb.connect() as connection:
        table = connection.execute(CLICKS.format(data)).to_arrow_table()
    label = table.column("label").to_numpy().astype(np.float64)
    learns = table.column("learns").to_numpy(zero_copy_only=False).astype(bool)
    users, queries = (table.column(c).to_numpy(zero_copy_only=False) for c in ("user_id", "session_id"))
    # The last touched first, the others as they are listed.
    last = -table.column("touch_rank").to_numpy().astype(np.float64)
    return Protocol(
        name,
        "classification",
        table.drop_columns(["label", "learns", "user_id", "session_id"]),
        label,
        [(np.flatnonzero(learns), np.flatnonzero(~learns))],
        {"MRR": {"LambdaRank": 0.6465, "last interacted": 0.639}},
        users=users,
        queries=queries,
        rules={"last interacted, this run": last},
    )


CASES = {"lifesnaps_steps": steps, "trivago_clickout": clicks}


def protocols(data: Path, wanted: set[str]) -> Iterator[Protocol]:
    """Read the cases that are wanted, one at a time; all when ``wanted`` is empty."""
    yield from (read(data, name) for name, read in CASES.items() if not wanted or name in wanted)
